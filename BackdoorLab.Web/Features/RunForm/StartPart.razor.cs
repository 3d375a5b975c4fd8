using System.Text.Json;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Weights;
using BackdoorLab.Web.Files;
using BackdoorLab.Web.Shared.Specs;
using Microsoft.AspNetCore.Components;

namespace BackdoorLab.Web.Features.RunForm;

/// <summary>
/// The file that trainings start from: chosen, compared with the network at hand, or taken out again.
/// </summary>
public sealed partial class StartPart : IDisposable
{
    // File and hash come with the file.
    private static readonly IReadOnlyList<ParameterDescriptor> Parameters =
    [
        .. ParameterReader
            .Read(typeof(StartingWeights))
            .Where(parameter => parameter.Property.Name == nameof(StartingWeights.Entry)),
    ];

    private readonly CancellationTokenSource _gone = new();
    private ShelvedModel? _model;
    private string? _lookedFor;
    private int _compared = -1;
    private bool _wanted;
    private bool _looked;
    private bool _fits;
    private string _said = "";
    private string _fault = "";

    [Parameter, EditorRequired]
    public SpecDraft Draft { get; set; } = null!;

    [Parameter]
    public EventCallback OnChange { get; set; }

    private StartingWeights? Chosen
    {
        get
        {
            try
            {
                return Draft.At("start")?.Deserialize<StartingWeights>(SpecJson.Options);
            }
            catch (JsonException)
            {
                // A copied spec may have anything there; its fault is said.
                return null;
            }
        }
    }

    public void Dispose()
    {
        _gone.Cancel();
        _gone.Dispose();
    }

    protected override async Task OnParametersSetAsync()
    {
        if (Chosen is { } start && start.Sha256 != _lookedFor)
        {
            _lookedFor = start.Sha256;
            _model = await Shelf.Find(start, _gone.Token);
            _looked = true;
        }

        Compare();
    }

    private void Want(bool on) => (_wanted, _fault) = (on, "");

    private Task Take(ShelvedModel? model)
    {
        (_model, _lookedFor, _looked, _wanted) = (model, model?.Sha256, model is not null, false);
        Draft.StartFrom(model?.Start);
        return Changed();
    }

    private Task Changed()
    {
        Compare();
        return OnChange.InvokeAsync();
    }

    // Once for a state of the form: a network is built for it.
    private void Compare()
    {
        if (_compared == Draft.Version)
        {
            return;
        }

        _compared = Draft.Version;
        (_fits, _said) = (false, "");
        if (
            _model is not { } model
            || Draft.Spec is not { Start: { } start } spec
            || spec.Dataset.Shape is not { Height: > 0, Classes: > 0 }
        )
        {
            // Images that are only known once they are loaded: the run says whether the file fits.
            return;
        }

        try
        {
            var fit = ModelShelf.FitOf(model, spec, start.Entry);
            _fits = fit.Fits || fit.Outputs is not null;
            _said =
                fit.Outputs is { } outputs
                    ? $"It fits {MethodCatalog.Default.For(spec.Model).Name} but for its last layer, which tells {outputs} classes apart: that starts afresh."
                : fit.Fits ? $"It fits {MethodCatalog.Default.For(spec.Model).Name}."
                : fit.Fault;
        }
        catch (WeightFileException refused)
        {
            _said = refused.Message;
        }
    }
}
