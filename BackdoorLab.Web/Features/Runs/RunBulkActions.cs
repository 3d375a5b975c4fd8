using BackdoorLab.Data;
using BackdoorLab.Web.Files;
using BackdoorLab.Web.Jobs;
using BackdoorLab.Web.Security;
using BackdoorLab.Web.Shared.Words;
using MudBlazor;

namespace BackdoorLab.Web.Features.Runs;

/// <summary>
/// What a person can do to many runs at once, with the answer they see. What cannot be undone, or is felt, is asked
/// first.
/// </summary>
public sealed class RunBulkActions(
    RunDesk desk,
    RunStreamQuery results,
    RunFeed feed,
    RunFiles files,
    ISnackbar snackbar,
    IDialogService dialogs
)
{
    /// <summary>Adds and removes tags.</summary>
    public async Task Tag(RunSelection selection, IReadOnlyList<string> add, IReadOnlyList<string> remove)
    {
        var count = await desk.Tag(selection, add, remove);
        feed.ChangedMany();
        var text = add.Count > 0 ? $"tagged {string.Join(", ", add)}" : $"no longer tagged {string.Join(", ", remove)}";
        snackbar.Add($"{Numbers.Count(count, "run")} {text}.", Severity.Info);
    }

    /// <summary>Puts runs out of the way, or back.</summary>
    public async Task Archive(RunSelection selection, bool archived)
    {
        var count = await desk.Archive(selection, archived);
        feed.ChangedMany();
        snackbar.Add($"{Numbers.Count(count, "run")} {(archived ? "archived" : "back in the list")}.", Severity.Info);
    }

    /// <summary>Asks waiting and running ones to stop.</summary>
    public async Task Cancel(RunSelection selection, int count)
    {
        if (
            count > 1
            && !await Agree(
                "Cancel runs?",
                $"Of {Numbers.Count(count, "run")}, those that wait or run will stop. Finished stages are kept.",
                "Cancel them"
            )
        )
        {
            return;
        }

        var stopped = await ForEach(selection, RunWords.CanCancel, async id => await desk.Cancel(id) is not null);
        snackbar.Add($"{Numbers.Count(stopped, "run")} stopped or stopping.", Severity.Info);
    }

    /// <summary>Queues again those that failed, were cancelled or interrupted.</summary>
    public async Task Retry(RunSelection selection, int count)
    {
        if (
            count > 1
            && !await Agree(
                "Retry runs?",
                $"Of {Numbers.Count(count, "run")}, those that failed, were cancelled or were interrupted are queued again. Finished stages come from the store.",
                "Retry them"
            )
        )
        {
            return;
        }

        var queued = await ForEach(selection, RunWords.CanRetry, desk.Retry);
        snackbar.Add($"{Numbers.Count(queued, "run")} queued again.", Severity.Info);
    }

    /// <summary>Moves runs to the trash, with a way back.</summary>
    public async Task Delete(RunSelection selection, int count)
    {
        if (
            count > 1
            && !await Agree(
                "Delete runs?",
                $"{Numbers.Count(count, "run")} will move to the trash, from where they can be restored. Running ones stay.",
                "Delete them"
            )
        )
        {
            return;
        }

        var deleted = await desk.Delete(selection);
        feed.ChangedMany();
        snackbar.Add(
            $"{Numbers.Count(deleted.Count, "run")} moved to the trash.",
            Severity.Normal,
            message =>
            {
                message.Action = "Undo";
                message.VisibleStateDuration = 10_000;
                message.OnClick = _ => Restore(RunSelection.Of(deleted));
            }
        );
    }

    /// <summary>Takes runs out of the trash.</summary>
    public async Task Restore(RunSelection selection)
    {
        var count = await desk.Restore(selection);
        feed.ChangedMany();
        snackbar.Add($"{Numbers.Count(count, "run")} restored.", Severity.Info);
    }

    /// <summary>Removes runs of the trash for good, with the files that no other run needs.</summary>
    public async Task Purge(RunSelection selection, int count)
    {
        var freed = await desk.FreedByPurge(selection);
        var bytes = await Task.Run(() => files.Size(freed));
        if (
            !await Agree(
                "Delete for good?",
                $"{Numbers.Count(count, "run")} and {Numbers.Bytes(bytes)} of files that no other run uses will be gone. This cannot be undone.",
                "Delete for good"
            )
        )
        {
            return;
        }

        var purged = await desk.Purge(selection);
        feed.ChangedMany();
        snackbar.Add($"{Numbers.Count(purged, "run")} deleted for good, {Numbers.Bytes(bytes)} freed.", Severity.Info);
    }

    private async Task<int> ForEach(
        RunSelection selection,
        Func<RunState, bool> applies,
        Func<string, Task<bool>> action
    )
    {
        var done = 0;
        foreach (var (id, state) in await results.StatesAsync(selection))
        {
            done += applies(state) && await action(id) ? 1 : 0;
        }

        return done;
    }

    private async Task<bool> Agree(string title, string text, string yes) =>
        await dialogs.ShowMessageBoxAsync(title, text, yesText: yes, cancelText: "Keep") == true;
}
