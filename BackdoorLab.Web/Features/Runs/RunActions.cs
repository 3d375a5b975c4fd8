using BackdoorLab.Data;
using BackdoorLab.Web.Jobs;
using BackdoorLab.Web.Security;
using BackdoorLab.Web.Shared.Words;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace BackdoorLab.Web.Features.Runs;

/// <summary>What a person can do to a run, with the answer they see.</summary>
public sealed class RunActions(RunDesk desk, RunFeed feed, ISnackbar snackbar, NavigationManager navigation)
{
    /// <summary>Asks a run to stop.</summary>
    public async Task Cancel(RunItem run)
    {
        var state = await desk.Cancel(run.Id);
        snackbar.Add(
            state switch
            {
                RunState.Cancelling => $"{RunWords.Name(run)} is stopping; finished stages are kept.",
                RunState.Cancelled => $"{RunWords.Name(run)} is cancelled.",
                _ => $"{RunWords.Name(run)} had already ended.",
            },
            Severity.Info
        );
    }

    /// <summary>Puts a waiting run before all others.</summary>
    public async Task PutFirst(RunItem run)
    {
        var moved = await desk.PutFirst(run.Id);
        snackbar.Add(
            moved ? $"{RunWords.Name(run)} is next." : $"{RunWords.Name(run)} does not wait any more.",
            Severity.Info
        );
    }

    /// <summary>Queues a run again; finished stages come from the store.</summary>
    public async Task Retry(RunItem run)
    {
        var queued = await desk.Retry(run.Id);
        snackbar.Add(
            queued
                ? $"{RunWords.Name(run)} is queued again; finished stages come from the store."
                : $"{RunWords.Name(run)} cannot be queued in its present state.",
            queued ? Severity.Info : Severity.Warning
        );
    }

    /// <summary>Moves a run to the trash, with a way back.</summary>
    /// <param name="leave">Whether to go to the list, because the run's own page is open.</param>
    public async Task Delete(RunItem run, bool leave = false)
    {
        if ((await desk.Delete(RunSelection.Of([run.Id]))).Count == 0)
        {
            snackbar.Add($"{RunWords.Name(run)} is running; cancel it first.", Severity.Warning);
            return;
        }

        feed.Changed(run.Id);
        if (leave)
        {
            navigation.NavigateTo(LabUrls.Runs);
        }

        snackbar.Add(
            $"{RunWords.Name(run)} is deleted.",
            Severity.Normal,
            options =>
            {
                options.Action = "Undo";
                options.VisibleStateDuration = 10_000;
                options.OnClick = _ => Restore(run);
            }
        );
    }

    /// <summary>Opens the form filled with this run's spec.</summary>
    public void Clone(RunItem run) => navigation.NavigateTo(LabUrls.Clone(run.Id));

    private async Task Restore(RunItem run)
    {
        await desk.Restore(RunSelection.Of([run.Id]));
        feed.Changed(run.Id);
        snackbar.Add($"{RunWords.Name(run)} is back.", Severity.Info);
    }
}
