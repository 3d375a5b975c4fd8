using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using BackdoorLab.Data.Filters;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Runs;

/// <summary>
/// What people do with single runs: submit, queue again, put first, cancel. Every operation of this and of the other
/// stores is one transaction with a context of its own, so they may be used from many threads.
/// </summary>
public sealed class RunStore(IDbContextFactory<LabDbContext> contexts, TimeProvider time)
{
    private DateTime Now => time.GetUtcNow().UtcDateTime;

    /// <summary>Writes a new run into the queue and returns what to give to a job.</summary>
    public async Task<RunRef> SubmitAsync(NewRun content, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        var run = RunTransitions.Submitted(content, study: null, Now);
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        context.Runs.Add(run);
        context.RunTexts.Add(new RunText { RunId = run.Id, SpecJson = content.SpecJson });
        await context.SaveChangesAsync(cancellation);
        return new(run.Id, run.Attempt);
    }

    /// <summary>
    /// Queues a run again that failed, was cancelled or was interrupted (it continues from the stages in the artifact
    /// store). Returns what to give to a job, or null when the run cannot be queued: it is active, queued, succeeded,
    /// deleted or absent.
    /// </summary>
    public Task<RunRef?> EnqueueAsync(string runId, CancellationToken cancellation = default) =>
        ChangeAsync(
            runId,
            run =>
            {
                if (run is null || !RunTransitions.MayBeQueued(run))
                {
                    return null;
                }

                run.Queued = Now;
                run.Priority = 0;
                run.Held = false;
                RunTransitions.Queue(run);
                run.MaxAttempts = Math.Max(run.MaxAttempts, run.Attempt);
                return new RunRef(run.Id, run.Attempt);
            },
            cancellation
        );

    /// <summary>Puts a waiting run before all others that wait. False when it does not wait.</summary>
    public async Task<bool> PutFirstAsync(string runId, CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellation);
        var highest =
            await RunFilters
                .InTurn(context.Runs.Where(run => run.Id != runId))
                .Select(run => (int?)run.Priority)
                .FirstOrDefaultAsync(cancellation)
            ?? 0;
        var moved = await context
            .Runs.Where(run => run.Id == runId && run.State == RunState.Queued && !run.Deleted)
            .ExecuteUpdateAsync(
                set =>
                    set.SetProperty(run => run.Priority, Math.Max(0, highest) + 1)
                        .SetProperty(run => run.Version, run => run.Version + 1),
                cancellation
            );
        await transaction.CommitAsync(cancellation);
        return moved > 0;
    }

    /// <summary>Queued runs that are not held, in the order in which they will start.</summary>
    public async Task<IReadOnlyList<RunRef>> ListQueuedAsync(CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await RunFilters
            .InTurn(context.Runs.Where(run => !run.Held))
            .Select(run => new RunRef(run.Id, run.Attempt))
            .ToListAsync(cancellation);
    }

    /// <summary>
    /// Asks to stop. A queued or interrupted run is <see cref="RunState.Cancelled"/> at once, a running one becomes
    /// <see cref="RunState.Cancelling"/> and ends when its worker does. Returns the state after the request, or null
    /// when there was nothing to cancel.
    /// </summary>
    public Task<RunState?> RequestCancelAsync(string runId, CancellationToken cancellation = default) =>
        ChangeAsync(runId, run => run is null ? null : RunTransitions.Cancel(run, Now), cancellation);

    /// <summary>
    /// Reads a run, changes it and saves it in one transaction. SQLite transactions start as writers, so nobody can
    /// come between; on other databases the version column notices and the change is rejected.
    /// </summary>
    private async Task<T> ChangeAsync<T>(string runId, Func<Run?, T> change, CancellationToken cancellation)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellation);
        var result = change(await context.Runs.SingleOrDefaultAsync(run => run.Id == runId, cancellation));
        await context.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return result;
    }
}
