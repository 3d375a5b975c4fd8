using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using BackdoorLab.Data.Filters;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Runs;

/// <summary>
/// What workers do with runs: claim, keep the lease, end; and what becomes of runs whose worker is gone.
/// </summary>
public sealed class RunLeases(IDbContextFactory<LabDbContext> contexts, TimeProvider time)
{
    private DateTime Now => time.GetUtcNow().UtcDateTime;

    /// <summary>
    /// Takes a queued run for a worker: one UPDATE, so of any number of simultaneous claims exactly one is true, and a
    /// job that is delivered twice or too late does nothing.
    /// </summary>
    /// <param name="attempt">Attempt the job was made for.</param>
    /// <param name="owner">Who claims: a name unique to the worker's process.</param>
    /// <param name="leaseUntil">UTC; after this, without renewal, the run counts as lost.</param>
    public async Task<bool> TryClaimAsync(
        string runId,
        int attempt,
        string owner,
        DateTime leaseUntil,
        CancellationToken cancellation = default
    )
    {
        ArgumentException.ThrowIfNullOrEmpty(owner);
        var now = Now;
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        var claimed = await context
            .Runs.Where(run =>
                run.Id == runId && run.State == RunState.Queued && run.Attempt == attempt && !run.Held && !run.Deleted
            )
            .ExecuteUpdateAsync(
                set =>
                    set.SetProperty(run => run.State, RunState.Running)
                        .SetProperty(run => run.LeaseOwner, owner)
                        .SetProperty(run => run.LeaseUntil, leaseUntil)
                        .SetProperty(run => run.Heartbeat, now)
                        .SetProperty(run => run.Started, now)
                        .SetProperty(run => run.Version, run => run.Version + 1),
                cancellation
            );
        return claimed == 1;
    }

    /// <summary>
    /// Takes the next run that waits: the highest priority first, among equals the one that was queued first; held runs
    /// are passed over. Null when none waits.
    /// </summary>
    /// <param name="owner">Who claims: a name unique to the worker's process.</param>
    /// <param name="leaseUntil">UTC; after this, without renewal, the run counts as lost.</param>
    public async Task<RunRef?> ClaimNextAsync(
        string owner,
        DateTime leaseUntil,
        CancellationToken cancellation = default
    )
    {
        while (true)
        {
            RunRef? next;
            await using (var context = await contexts.CreateDbContextAsync(cancellation))
            {
                next = await RunFilters
                    .InTurn(context.Runs.AsNoTracking().Where(run => !run.Held))
                    .Select(run => new RunRef(run.Id, run.Attempt))
                    .FirstOrDefaultAsync(cancellation);
            }

            // Between the two statements another worker may have taken it; then there is a next one, or none.
            if (next is null || await TryClaimAsync(next.Id, next.Attempt, owner, leaseUntil, cancellation))
            {
                return next;
            }
        }
    }

    /// <summary>
    /// Renews a lease and marks the worker as alive. False when the run is no longer this worker's: stop and write
    /// nothing.
    /// </summary>
    /// <param name="owner">Who claimed it.</param>
    /// <param name="leaseUntil">UTC.</param>
    public async Task<bool> RenewLeaseAsync(
        string runId,
        string owner,
        DateTime leaseUntil,
        CancellationToken cancellation = default
    )
    {
        var now = Now;
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context
                .Runs.Where(run =>
                    run.Id == runId
                    && run.LeaseOwner == owner
                    && (run.State == RunState.Running || run.State == RunState.Cancelling)
                )
                .ExecuteUpdateAsync(
                    set => set.SetProperty(run => run.LeaseUntil, leaseUntil).SetProperty(run => run.Heartbeat, now),
                    cancellation
                ) > 0;
    }

    /// <summary>Whether the user asked to stop this run; a light read for a worker that looks often.</summary>
    public async Task<bool> IsCancelRequestedAsync(string runId, CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context.Runs.AnyAsync(run => run.Id == runId && run.CancelRequested, cancellation);
    }

    /// <summary>
    /// Ends a run. False when it is no longer this owner's (its lease was lost and the run recovered): then nothing is
    /// written.
    /// </summary>
    /// <param name="owner">Who claimed it.</param>
    /// <exception cref="ArgumentException">The state is not one in which a run ends.</exception>
    public async Task<bool> FinishAsync(
        string runId,
        string owner,
        RunEnd end,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(end);
        if (end.State is not (RunState.Succeeded or RunState.Failed or RunState.Cancelled or RunState.Interrupted))
        {
            throw new ArgumentException($"A run does not end as {end.State}.", nameof(end));
        }

        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellation);
        var run = await context.Runs.SingleOrDefaultAsync(
            candidate =>
                candidate.Id == runId
                && candidate.LeaseOwner == owner
                && (candidate.State == RunState.Running || candidate.State == RunState.Cancelling),
            cancellation
        );
        if (run is null)
        {
            return false;
        }

        RunTransitions.End(run, end.State, Now);
        run.MaxAttempts += end.CostsNoAttempt ? 1 : 0;
        run.Error = end.Error;
        run.ElapsedSeconds += Seconds(run.Started, run.Ended);
        if (end.State == RunState.Succeeded)
        {
            run.Fraction = 1;
            run.Phase = "";
        }

        await context.SaveChangesAsync(cancellation);
        if (end.Remarks is not null)
        {
            await context
                .RunTexts.Where(text => text.RunId == runId)
                .ExecuteUpdateAsync(
                    set => set.SetProperty(text => text.RemarksJson, JsonText.Write(end.Remarks)),
                    cancellation
                );
        }

        await StopStagesAsync(
            context,
            runId,
            end.State == RunState.Failed ? StageState.Failed : StageState.Stopped,
            cancellation
        );
        await transaction.CommitAsync(cancellation);
        return true;
    }

    /// <summary>
    /// Finds runs without a living worker: those whose lease has expired and, at the start of a process, those that
    /// <paramref name="owner"/>'s predecessor left behind. They become <see cref="RunState.Interrupted"/>, or
    /// <see cref="RunState.Cancelled"/> when their user had asked for that.
    /// </summary>
    /// <param name="now">UTC.</param>
    /// <param name="owner">
    /// Treat this owner's leases as lost even if they have not expired; null for expired ones alone.
    /// </param>
    /// <param name="supervised">
    /// Runs whose worker this process sees: a lease that could not be renewed does not make them lost.
    /// </param>
    public async Task<IReadOnlyList<RecoveredRun>> RecoverLostAsync(
        DateTime now,
        string? owner = null,
        IReadOnlyCollection<string>? supervised = null,
        CancellationToken cancellation = default
    )
    {
        var alive = supervised ?? [];
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellation);
        var lost = await context
            .Runs.Where(run =>
                (run.State == RunState.Running || run.State == RunState.Cancelling)
                && !alive.Contains(run.Id)
                && (run.LeaseUntil == null || run.LeaseUntil < now || (owner != null && run.LeaseOwner == owner))
            )
            .OrderBy(run => run.Queued)
            .ThenBy(run => run.Id)
            .ToListAsync(cancellation);
        foreach (var run in lost)
        {
            var lastSeen = run.Heartbeat ?? run.Started ?? now;
            RunTransitions.Lose(run, lastSeen, now);
            run.ElapsedSeconds += Seconds(run.Started, lastSeen);
        }

        await context.SaveChangesAsync(cancellation);
        foreach (var run in lost)
        {
            await StopStagesAsync(context, run.Id, StageState.Stopped, cancellation);
        }

        await transaction.CommitAsync(cancellation);
        return [.. lost.Select(run => new RecoveredRun(run.Id, run.State))];
    }

    /// <summary>
    /// Queues interrupted runs again, at their old place in the queue, while attempts remain; those without become
    /// <see cref="RunState.Failed"/>. Returns what to give to jobs.
    /// </summary>
    public async Task<IReadOnlyList<RunRef>> RequeueInterruptedAsync(CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellation);
        var interrupted = await context
            .Runs.Where(run => run.State == RunState.Interrupted && !run.Deleted)
            .OrderBy(run => run.Queued)
            .ThenBy(run => run.Id)
            .ToListAsync(cancellation);
        var queued = interrupted.Where(RunTransitions.Resume).Select(run => new RunRef(run.Id, run.Attempt)).ToList();
        await context.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return queued;
    }

    private static double Seconds(DateTime? from, DateTime? to) =>
        from is null || to is null ? 0 : Math.Max(0, (to.Value - from.Value).TotalSeconds);

    private static Task StopStagesAsync(
        LabDbContext context,
        string runId,
        StageState state,
        CancellationToken cancellation
    ) =>
        context
            .Stages.Where(stage => stage.RunId == runId && stage.State == StageState.Running)
            .ExecuteUpdateAsync(set => set.SetProperty(stage => stage.State, state), cancellation);
}
