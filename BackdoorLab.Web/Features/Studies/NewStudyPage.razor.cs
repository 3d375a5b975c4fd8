using BackdoorLab.Data;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Shared.Specs;
using BackdoorLab.Web.Shared.Words;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace BackdoorLab.Web.Features.Studies;

/// <summary>The study builder: axes as chips, the number of runs and their time before anything starts.</summary>
public sealed partial class NewStudyPage
{
    /// <summary>More runs than these are started only by somebody who says so.</summary>
    private const int ManyRuns = 100;

    private SweepDraft? _draft;
    private RunItem? _source;
    private string _preset = Presets.ForSweeps.Id;
    private string? _fault;
    private string? _filled;
    private double? _seconds;
    private bool _sure;
    private bool _busy;

    /// <summary>Run to vary.</summary>
    [SupplyParameterFromQuery]
    private string? From { get; set; }

    private bool CanStart => _draft?.Study is { } study && !_busy && (study.CountRuns() <= ManyRuns || _sure);

    protected override async Task OnParametersSetAsync()
    {
        if (_filled == (From ?? ""))
        {
            return;
        }

        _filled = From ?? "";
        (var experiment, _source, _fault) = From is null
            ? new(SpecDraft.From(Presets.Find(_preset)!.Spec), null, null)
            : await CopiedSpec.Of(Results, From);
        _draft = new(experiment);
        await Estimate();
    }

    private async Task Use(Preset preset)
    {
        _preset = preset.Id;
        _draft = new(SpecDraft.From(preset.Spec));
        await Estimate();
    }

    private Task Toggle(string path, MethodDescriptor method) => Set(draft => draft.Toggle(path, method));

    private Task Set(Action<SweepDraft> change)
    {
        change(_draft!);
        return Estimate();
    }

    private async Task Estimate()
    {
        (_seconds, _sure) = (null, false);
        if (_draft is not { Study: { } study, Version: var version })
        {
            return;
        }

        // Counting a network's size loads the tensor library, which takes a moment the first time.
        var seconds = await Task.Run(() => Actions.Estimate(study));
        if (_draft.Version == version)
        {
            _seconds = seconds;
        }
    }

    private IEnumerable<string> Faults(string path) =>
        _draft!.Faults.Where(fault => fault.Path == path).Select(fault => fault.Message);

    private async Task Start()
    {
        if (!CanStart)
        {
            return;
        }

        _busy = true;
        try
        {
            await Actions.Start(_draft!.Study!);
        }
        catch (SpecException refused)
        {
            _draft!.Refuse(refused.Faults);
        }
        catch (Exception error) when (ChangeWords.Of(error) is { } words)
        {
            // What was put together stays on the screen.
            Snackbar.Add(words, Severity.Error);
        }
        finally
        {
            _busy = false;
        }
    }
}
