using System.Text.Json.Nodes;
using BackdoorLab.Data;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Federated;
using BackdoorLab.Engine.Training;
using BackdoorLab.Web.Files;
using BackdoorLab.Web.Jobs;
using BackdoorLab.Web.Security;
using BackdoorLab.Web.Shared.Specs;
using BackdoorLab.Web.Shared.Words;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace BackdoorLab.Web.Features.RunForm;

/// <summary>A form made from the method records; what it edits is the spec's document.</summary>
public sealed partial class NewRunPage : IDisposable
{
    private static readonly IReadOnlyList<ParameterDescriptor> TrainingParameters = ParameterReader.Read(
        typeof(TrainOptions)
    );

    private static readonly IReadOnlyList<ParameterDescriptor> SimulationParameters = ParameterReader.Read(
        typeof(Simulation)
    );

    private readonly CancellationTokenSource _gone = new();
    private SpecDraft? _draft;
    private RunItem? _source;
    private string? _fault;
    private string? _filled;
    private double? _seconds;
    private string _basis = "";
    private bool _measured;
    private bool _measuring;
    private bool _busy;

    /// <summary>Run to copy.</summary>
    [SupplyParameterFromQuery]
    private string? From { get; set; }

    [SupplyParameterFromQuery]
    private string? Preset { get; set; }

    private string Chosen => Preset ?? Presets.Default.Id;

    private string SpecText => _draft!.Document.ToJsonString(SpecJson.Indented);

    public void Dispose()
    {
        _gone.Cancel();
        _gone.Dispose();
    }

    protected override void OnInitialized()
    {
        foreach (var dataset in DatasetShelf.All)
        {
            _ = Look(dataset);
        }
    }

    protected override async Task OnParametersSetAsync()
    {
        var wanted = From is null ? $"preset:{Preset}" : $"from:{From}";
        if (_filled == wanted)
        {
            return;
        }

        _filled = wanted;
        (_draft, _source, _fault) = From is null
            ? new(Presets.Find(Chosen) is { } preset ? SpecDraft.From(preset.Spec) : SpecDraft.Blank(), null, null)
            : await CopiedSpec.Of(Results, From, _gone.Token);
        if (_draft.Spec?.Suspect is not null)
        {
            // A check has a form of its own.
            Navigation.NavigateTo(LabUrls.CheckAgain(From!), replace: true);
            return;
        }

        await Estimate();
    }

    private void UsePreset(Preset preset) => Navigation.NavigateTo(LabUrls.Preset(preset.Id), replace: true);

    private Task Set(string path, JsonNode? value)
    {
        _draft!.Set(path, value);
        return Changed();
    }

    private Task Federate(bool on)
    {
        _draft!.Federate(on);
        return Changed();
    }

    private Task Changed() => Estimate();

    private async Task Estimate()
    {
        _seconds = null;
        if (_draft?.Spec is not { } spec)
        {
            return;
        }

        (_seconds, _measured) = Speed.Estimate(spec);
        _basis = _measured
            ? "from this machine's measured speed"
            : "a guess from the size of the network, good to a factor of two or three";
        if (await Earlier.EarlierSecondsAsync(RunContent.ConfigHash(spec), _gone.Token) is { } earlier)
        {
            (_seconds, _measured, _basis) = (earlier, true, "as earlier runs of this configuration did");
        }
    }

    private async Task MeasureSpeed()
    {
        if (_draft?.Spec is not { } spec || _measuring)
        {
            return;
        }

        _measuring = true;
        try
        {
            _fault = await Speed.Measure(spec, _gone.Token);
            await Estimate();
        }
        finally
        {
            _measuring = false;
        }
    }

    private async Task RunNow()
    {
        if (_draft?.Spec is not { } spec || _busy)
        {
            return;
        }

        _busy = true;
        try
        {
            Navigation.NavigateTo(LabUrls.Run(await Desk.Submit(spec, _seconds, _gone.Token)));
        }
        catch (SpecException refused)
        {
            _draft.Refuse(refused.Faults);
        }
        catch (Exception error) when (ChangeWords.Of(error) is { } words)
        {
            // What was filled in stays on the screen.
            Snackbar.Add(words, Severity.Error);
        }
        finally
        {
            _busy = false;
        }
    }

    // The checks of large sets take a moment; the form does not wait for them.
    private async Task Look(MethodDescriptor dataset)
    {
        await Shelf.Status(dataset);
        if (!_gone.IsCancellationRequested)
        {
            await InvokeAsync(StateHasChanged);
        }
    }

    private string? DatasetHint(MethodDescriptor dataset) =>
        Shelf.Known(dataset.Id) switch
        {
            null => "checking the files…",
            { State: DatasetState.Generated } => "generated, always there",
            { State: DatasetState.Missing } => "missing; see Data sets for where to get it",
            { State: DatasetState.Damaged } => "damaged; see Data sets",
            { State: DatasetState.Partial } status => $"partial: {Numbers.Count(status.TrainCount, "training image")}",
            var status => Numbers.Count(status.TrainCount, "training image"),
        };
}
