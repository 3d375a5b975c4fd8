using System.Globalization;
using BackdoorLab.Data;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Programs;
using BackdoorLab.Engine.Tensors;
using BackdoorLab.Engine.Weights;
using BackdoorLab.Web.Files;
using BackdoorLab.Web.Jobs;
using BackdoorLab.Web.Security;
using BackdoorLab.Web.Shared.Specs;
using BackdoorLab.Web.Shared.Words;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace BackdoorLab.Web.Features.Check;

/// <summary>From a model file to a queued run: what it is, which data set, which detectors.</summary>
public sealed partial class CheckPage : IDisposable
{
    private const int Own = -1;

    private readonly CancellationTokenSource _gone = new();
    private readonly HashSet<string> _detectors = [CheckWords.Detectors[0].Id];
    private ShelvedModel? _model;
    private IReadOnlyList<CheckCandidate>? _candidates;
    private PictureFolder? _own;
    private PixelScale _pixels;
    private int _chosen;
    private int _seed = 1;
    private ModelPart _part = new();
    private CheckCost _cost = CheckCost.Unknown;
    private bool _busy;
    private string _fault = "";

    /// <summary>A check to repeat.</summary>
    [SupplyParameterFromQuery]
    private string? From { get; set; }

    private IReadOnlyList<CheckCandidate> Fitting => [.. _candidates?.Where(candidate => candidate.Fit.Fits) ?? []];

    private CheckCandidate? Candidate => _own is null ? Fitting.ElementAtOrDefault(_chosen) : _own.Candidate;

    // The data set that comes nearest says most about the file.
    private string Nearest => _candidates!.MinBy(candidate => candidate.Fit.Distance)!.Fit.Fault;

    private ExperimentSpec? Spec =>
        _detectors.Count == 0
            ? null
            : SpecOf([.. CheckWords.Detectors.Where(method => _detectors.Contains(method.Id))]);

    /// <inheritdoc/>
    public void Dispose()
    {
        _gone.Cancel();
        _gone.Dispose();
    }

    protected override async Task OnInitializedAsync()
    {
        if (
            From is null
            || await Results.FindAsync(From, _gone.Token) is not { } run
            || SpecSection.Parse(run.SpecJson) is not { } document
            || SpecJson.Read(document).Spec is not { Suspect: { } suspect } spec
        )
        {
            return;
        }

        if (await Shelf.Find(suspect, _gone.Token) is not { } model)
        {
            _fault =
                $"The model file '{suspect.File}' of that check is not in this lab (a bundle brings none). Choose it again.";
            return;
        }

        // Repeating with the same seed would only read the result from the store.
        (_pixels, _part, _seed) = (
            suspect.Pixels,
            new(suspect.Entry, spec.Model is FileProgram),
            spec.Seed < int.MaxValue ? spec.Seed + 1 : 1
        );
        _detectors.Clear();
        _detectors.UnionWith(
            spec.Defenses.Select(defense => MethodCatalog.Default.For(defense).Id)
                .Where(id => CheckWords.Detectors.Any(method => method.Id == id))
        );
        await Take(model);
        _chosen = Math.Max(
            0,
            Fitting.ToList().FindIndex(candidate => candidate.Dataset.GetType() == spec.Dataset.GetType())
        );
        _own = spec.Dataset is ImageFolder pictures ? new PictureFolder(pictures) : null;
        await Look();
    }

    private static string Label(Method method) => MethodCatalog.Default.Label(method);

    private Task Arrived(ShelvedModel model)
    {
        _part = new();
        return Take(model);
    }

    private async Task Take(ShelvedModel model)
    {
        (_model, _candidates, _chosen, _own, _fault) = (model, null, 0, null, "");
        StateHasChanged();
        try
        {
            var here = await Datasets.Usable();
            _candidates = await Task.Run(() => Shelf.Candidates(model, here, _part), _gone.Token);
            Estimate();
        }
        catch (Exception error) when (error is WeightFileException or TorchUnavailableException)
        {
            (_model, _fault) = (null, error.Message);
        }

        StateHasChanged();
    }

    private ExperimentSpec? SpecOf(IReadOnlyList<MethodDescriptor> detectors) =>
        _model is { } model && Candidate is { } candidate
            ? candidate.Check(
                model.Suspect with
                {
                    Pixels = _pixels,
                    Entry = candidate.Fit.Source is FileProgram ? "" : _part.Entry,
                },
                [.. detectors.Select(method => (Defense)method.CreateDefault())]
            ) with
            {
                Seed = _seed,
            }
            : null;

    private void Estimate() => _cost = CheckCost.Of(Speed, Candidate?.Shape, SpecOf, Spec);

    private async Task Choose(object? value)
    {
        var chosen = int.Parse((string)value!, CultureInfo.InvariantCulture);
        (_chosen, _own) = chosen == Own ? (0, new PictureFolder()) : (chosen, null);
        await Look();
    }

    private async Task Look()
    {
        if (_own is { } own)
        {
            await own.Look(Shelf, _model!, _part);
        }

        Estimate();
    }

    private void Scale(object? value) => _pixels = Enum.Parse<PixelScale>((string)value!);

    private async Task Part(ModelPart part)
    {
        (_part, var own) = (part, _own);
        await Take(_model!);
        _own = own;
        await Look();
    }

    private void Seed(object? value) =>
        _seed = int.TryParse((string?)value, CultureInfo.InvariantCulture, out var seed) && seed >= 0 ? seed : _seed;

    private void Toggle(string detector, bool on)
    {
        _ = on ? _detectors.Add(detector) : _detectors.Remove(detector);
        Estimate();
    }

    private async Task Check()
    {
        if (Spec is not { } spec || _busy)
        {
            return;
        }

        _busy = true;
        try
        {
            await Snackbar.Try(async () =>
                Navigation.NavigateTo(LabUrls.Run(await Desk.Submit(spec, _cost.All, _gone.Token)))
            );
        }
        finally
        {
            _busy = false;
        }
    }
}
