using BackdoorLab.Data;
using BackdoorLab.Engine.Studies;
using BackdoorLab.Web.Jobs;
using BackdoorLab.Web.Security;
using BackdoorLab.Web.Shared.Words;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace BackdoorLab.Web.Features.Studies;

/// <summary>What a person can do to a study, with the answer they see.</summary>
public sealed class StudyActions(
    RunDesk desk,
    RunFeed feed,
    SpeedProbe speed,
    ISnackbar snackbar,
    NavigationManager navigation
)
{
    /// <summary>Estimated seconds of a study; measured networks make it better.</summary>
    public double Estimate(StudySpec study) =>
        StudyPlan.Make(study).Experiments.Sum(spec => speed.Estimate(spec).Seconds);

    /// <summary>Queues all its runs and opens its page.</summary>
    public async Task Start(StudySpec study)
    {
        var id = await Task.Run(() => desk.Submit(study, spec => speed.Estimate(spec).Seconds));
        navigation.NavigateTo(LabUrls.Study(id));
    }

    /// <summary>Asks every run that waits or runs to stop.</summary>
    public async Task Cancel(StudyItem study, IEnumerable<RunItem> runs)
    {
        var count = 0;
        foreach (var run in runs.Where(run => RunWords.CanCancel(run.State)))
        {
            count += await desk.Cancel(run.Id) is null ? 0 : 1;
        }

        snackbar.Add(
            $"{study.Name}: {Numbers.Count(count, "run")} stopped or stopping; finished stages are kept.",
            Severity.Info
        );
    }

    /// <summary>Queues again what failed, was cancelled or was interrupted.</summary>
    public async Task Retry(StudyItem study, IEnumerable<RunItem> runs)
    {
        var count = 0;
        foreach (var run in runs.Where(run => RunWords.CanRetry(run.State)))
        {
            count += await desk.Retry(run.Id) ? 1 : 0;
        }

        snackbar.Add(
            $"{study.Name}: {Numbers.Count(count, "run")} queued again; finished stages come from the store.",
            Severity.Info
        );
    }

    /// <summary>Lets its waiting runs wait on, or start again.</summary>
    public async Task Pause(StudyItem study, bool paused)
    {
        var count = await desk.HoldStudy(study.Id, paused);
        snackbar.Add(
            paused
                ? $"{study.Name} is paused: {Numbers.Count(count, "run")} will not start. What runs now goes on to its end."
                : $"{study.Name} goes on: {Numbers.Count(count, "run")} wait for their turn.",
            Severity.Info
        );
    }

    /// <summary>Moves a study and its runs to the trash, with a way back.</summary>
    public async Task Delete(StudyItem study, IReadOnlyList<RunItem> runs)
    {
        if (runs.Any(run => RunWords.IsActive(run.State)))
        {
            snackbar.Add($"{study.Name} has a run under way; cancel it first.", Severity.Warning);
            return;
        }

        var deleted = await desk.Delete(RunSelection.Of(runs.Select(run => run.Id)));
        await desk.DeleteStudy(study.Id, deleted: true);
        Tell(deleted);
        navigation.NavigateTo(LabUrls.Studies);
        snackbar.Add(
            $"{study.Name} is deleted.",
            Severity.Normal,
            options =>
            {
                options.Action = "Undo";
                options.VisibleStateDuration = 10_000;
                options.OnClick = async _ =>
                {
                    await desk.Restore(RunSelection.Of(deleted));
                    await desk.DeleteStudy(study.Id, deleted: false);
                    Tell(deleted);
                    snackbar.Add($"{study.Name} is back.", Severity.Info);
                };
            }
        );
    }

    private void Tell(IEnumerable<string> runIds)
    {
        foreach (var id in runIds)
        {
            feed.Changed(id);
        }
    }
}
