using BackdoorLab.Data;
using BackdoorLab.Web.Jobs;
using BackdoorLab.Web.Security;
using BackdoorLab.Web.Shared.Words;
using Microsoft.AspNetCore.Components;

namespace BackdoorLab.Web.Features.Runs;

/// <summary>Everything about one run, live while it runs.</summary>
public sealed partial class RunView
{
    private static readonly (string? Tab, string Text)[] Tabs =
    [
        (null, "Results"),
        ("defenses", "Defenses"),
        ("training", "Training"),
        ("images", "Images"),
        ("log", "Log"),
        ("config", "Config"),
        ("provenance", "Provenance"),
    ];

    // Nothing was trained and no trigger is known.
    private static readonly (string? Tab, string Text)[] TabsOfACheck =
    [
        (null, "Verdict"),
        ("defenses", "Detectors"),
        .. Tabs.Where(tab => tab.Tab is "log" or "config" or "provenance"),
    ];

    // Changes that nobody told are seen after this time at the latest.
    private static readonly TimeSpan Stale = TimeSpan.FromSeconds(5);

    private RunDetail? _run;
    private (long Version, long Time) _read;
    private Exception? _fault;
    private bool _missing;

    /// <summary>Absent on the lab's own pages.</summary>
    [CascadingParameter]
    public ShareScope? Share { get; set; }

    [Parameter, EditorRequired]
    public string Id { get; set; } = "";

    [SupplyParameterFromQuery]
    private string? Tab { get; set; }

    [SupplyParameterFromQuery]
    private string? Defense { get; set; }

    [SupplyParameterFromQuery]
    private string? Precision { get; set; }

    private RunOutlook Outlook => RunOutlook.Of(_run!.Run, Feed.Progress(Id), Now);

    private bool IsCheck => RunWords.IsCheck(_run!.Run);

    private IReadOnlyList<(string? Tab, string Text)> Shown => IsCheck ? TabsOfACheck : Tabs;

    private string? Current => Shown.Any(tab => tab.Tab == Tab) ? Tab : null;

    // One seed is one seed: the badge does not wait for the engine's remarks, which come at the end and say so.
    private IReadOnlyList<string> Read =>
        [
            .. !IsCheck && _run!.Cells.Any(cell => cell.Outcome == Outcome.Value) && _run.Remarks.Count == 0
                ? ["n = 1: a single seed, no spread is known"]
                : Array.Empty<string>(),
            .. _run!.Remarks,
            .. _run.Cells.Count(cell => cell.Outcome is Outcome.Failed or Outcome.TimedOut) is var failed and > 0
                ? [Numbers.Count(failed, "cell") + " failed; the others stand"]
                : Array.Empty<string>(),
        ];

    // The header follows progress by itself; of the tabs only the plan on the first one shows it.
    protected override bool HasNews =>
        Current is null || Feed.Version(Id) != _read.Version || Time.GetElapsedTime(_read.Time) > Stale;

    protected override async Task OnParametersSetAsync()
    {
        if (_run is not null && _run.Run.Id != Id)
        {
            (_run, _missing) = (null, false);
        }

        Follow(Id, TimeSpan.FromMilliseconds(700));
        if (_run is null)
        {
            await Load();
        }
    }

    protected override async Task Load()
    {
        try
        {
            _read = (Feed.Version(Id), Time.GetTimestamp());
            _run = await Readings.Get("run", Id, () => Results.FindAsync(Id), Gone);
            _missing = _run is null;
            _fault = null;
        }
        catch (OperationCanceledException)
        {
            // The page is being left.
        }
        catch (Exception error) when (error is System.Data.Common.DbException or InvalidOperationException)
        {
            (_fault, _read) = (error, default);
        }
    }

    private string Count(string? tab) =>
        tab switch
        {
            "defenses" when _run!.Cells.Where(cell => cell.Id.Defense is not null).ToList() is { Count: > 0 } cells =>
                $" ({cells.Count(cell => cell.Outcome != Outcome.NotRun)}/{cells.Count})",
            _ => "",
        };
}
