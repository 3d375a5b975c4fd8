using BackdoorLab.Data;
using BackdoorLab.Engine.Core;
using BackdoorLab.Web.Security;
using BackdoorLab.Web.Shared.Words;
using Microsoft.AspNetCore.Components;

namespace BackdoorLab.Web.Features.Studies;

/// <summary>A study: its progress, what its runs say together, and the runs.</summary>
public sealed partial class StudyPage
{
    private static readonly TimeSpan Refresh = TimeSpan.FromSeconds(5);

    private StudyView? _study;
    private Exception? _fault;
    private bool _missing;

    /// <summary>Absent on the lab's own pages.</summary>
    [CascadingParameter]
    public ShareScope? Share { get; set; }

    [Parameter, EditorRequired]
    public string Id { get; set; } = "";

    private StudyNews News => field ??= new(Feed);

    private RunItem? Running => _study!.Runs.FirstOrDefault(run => RunWords.IsActive(run.State));

    // The feed knows the run under way better than its row does.
    private double Fraction =>
        _study!.Item.Fraction
        + (
            Running is { } run
                ? (RunOutlook.Of(run, Feed.Progress(run.Id), Now).Fraction - run.Fraction)
                    / Math.Max(1, _study.Item.Total)
                : 0
        );

    private string Left
    {
        get
        {
            var waiting = _study!.Runs.Where(run => run.State is RunState.Queued or RunState.Interrupted).ToList();
            var took = _study
                .Runs.Where(run => run.State == RunState.Succeeded)
                .GroupBy(run => run.ConfigHash)
                .ToDictionary(runs => runs.Key, runs => (double?)runs.Average(run => run.ElapsedSeconds));
            double? running = Running is { } active
                ? RunOutlook.Of(active, Feed.Progress(active.Id), Now).EtaSeconds ?? active.EstimatedSeconds
                : 0;

            // What runs of the same configuration took is better than any estimate.
            double? Expected(RunItem run) => took.GetValueOrDefault(run.ConfigHash) ?? run.EstimatedSeconds;
            return running is { } now && waiting.All(run => Expected(run) is not null)
                ? $"{TimeWords.Estimate(now + waiting.Sum(run => Expected(run)!.Value))} left"
                : "";
        }
    }

    // How far the run under way is comes from the feed, every second.
    protected override bool HasNews => _fault is not null || News.Any(_study);

    protected override void OnInitialized()
    {
        Follow(null, Refresh);
        KeepTime(() => _study?.Item.IsActive == true);
    }

    protected override async Task OnParametersSetAsync()
    {
        if (_study?.Item.Id != Id)
        {
            (_study, _missing) = (null, false);
            await Load();
        }
    }

    protected override async Task Load()
    {
        try
        {
            _study = await News.Read(_study, () => Reports.FindAsync(Id, Gone));
            (_missing, _fault) = (_study is null, null);
        }
        catch (OperationCanceledException)
        {
            // The page is being left.
        }
        catch (Exception error)
            when (error is System.Data.Common.DbException or InvalidOperationException or SpecException)
        {
            _fault = error;
        }
    }

    private async Task Act(Func<Task> action)
    {
        await action();
        await Load();
    }
}
