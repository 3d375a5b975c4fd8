using BackdoorLab.Data.Conditions;
using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using BackdoorLab.Data.Filters;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Runs;

/// <summary>
/// All writes. Every operation is one transaction with a context of its own, so the store may be used from many threads. A run's
/// state changes only here: drafts and queueing in this part, the worker's side in another, recorded results in a third.
/// </summary>
/// <param name="contexts">Makes contexts.</param>
/// <param name="time">Clock.</param>
public sealed partial class RunStore(IDbContextFactory<LabDbContext> contexts, TimeProvider time)
{
    private DateTime Now => time.GetUtcNow().UtcDateTime;

    /// <summary>Writes a new draft and returns its id.</summary>
    /// <param name="content">What to run.</param>
    /// <param name="id">Id to use, or null for a new one.</param>
    /// <param name="cancellation">Cancellation.</param>
    /// <exception cref="ArgumentException">The id is not well formed.</exception>
    /// <exception cref="DbUpdateException">A run with this id exists.</exception>
    public async Task<string> CreateAsync(NewRun content, string? id = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        if (id is not null && !RunIds.IsWellFormed(id))
        {
            throw new ArgumentException(
                $"'{id}' has not the form of a run id: {RunIds.Length} characters of Crockford's base 32.", nameof(id));
        }

        var run = New(content, id ?? RunIds.New(), study: null, Now);
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        context.Runs.Add(run);
        context.RunTexts.Add(new RunText { RunId = run.Id, SpecJson = content.SpecJson });
        await context.SaveChangesAsync(cancellation);
        return run.Id;
    }

    /// <summary>Gives a run of any state another name. False when there is no such run.</summary>
    /// <param name="runId">Run.</param>
    /// <param name="name">Name.</param>
    /// <param name="cancellation">Cancellation.</param>
    public Task<bool> RenameAsync(string runId, string name, CancellationToken cancellation = default) => ChangeAsync(
        runId,
        run =>
        {
            if (run is not null)
            {
                run.Name = name;
            }

            return run is not null;
        },
        cancellation);

    /// <summary>
    /// Queues a draft, or again a run that failed, was cancelled or was interrupted (it continues from the stages in the artifact
    /// store). Returns what to give to a job, or null when the run cannot be queued: it is active, queued, succeeded, deleted or absent.
    /// </summary>
    /// <param name="runId">Run.</param>
    /// <param name="cancellation">Cancellation.</param>
    public Task<RunRef?> EnqueueAsync(string runId, CancellationToken cancellation = default) => ChangeAsync(
        runId,
        run =>
        {
            if (run is not { Deleted: false }
                || run.State is not (RunState.Draft or RunState.Failed or RunState.Cancelled or RunState.Interrupted))
            {
                return null;
            }

            run.Queued = Now;
            run.Priority = 0;
            run.Held = false;
            Queue(run);
            run.MaxAttempts = Math.Max(run.MaxAttempts, run.Attempt);
            return new RunRef(run.Id, run.Attempt);
        },
        cancellation);

    /// <summary>Puts a waiting run before all others that wait. False when it does not wait.</summary>
    /// <param name="runId">Run.</param>
    /// <param name="cancellation">Cancellation.</param>
    public async Task<bool> PutFirstAsync(string runId, CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellation);
        var highest = await RunFilters.InTurn(context.Runs.Where(run => run.Id != runId)).Select(run => (int?)run.Priority).FirstOrDefaultAsync(cancellation) ?? 0;
        var moved = await context.Runs
            .Where(run => run.Id == runId && run.State == RunState.Queued && !run.Deleted)
            .ExecuteUpdateAsync(
                set => set.SetProperty(run => run.Priority, Math.Max(0, highest) + 1).SetProperty(run => run.Version, run => run.Version + 1),
                cancellation);
        await transaction.CommitAsync(cancellation);
        return moved > 0;
    }

    /// <summary>Queued runs that are not held, in the order in which they will start.</summary>
    /// <param name="cancellation">Cancellation.</param>
    public async Task<IReadOnlyList<RunRef>> ListQueuedAsync(CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await RunFilters.InTurn(context.Runs.Where(run => !run.Held))
            .Select(run => new RunRef(run.Id, run.Attempt))
            .ToListAsync(cancellation);
    }

    /// <summary>
    /// Asks to stop. A queued or interrupted run is <see cref="RunState.Cancelled"/> at once, a running one becomes
    /// <see cref="RunState.Cancelling"/> and ends when its worker does. Returns the state after the request, or null when there was
    /// nothing to cancel.
    /// </summary>
    /// <param name="runId">Run.</param>
    /// <param name="cancellation">Cancellation.</param>
    public Task<RunState?> RequestCancelAsync(string runId, CancellationToken cancellation = default) => ChangeAsync<RunState?>(
        runId,
        run =>
        {
            switch (run?.State)
            {
                case RunState.Queued or RunState.Interrupted:
                    run.CancelRequested = true;
                    End(run, RunState.Cancelled);
                    return run.State;
                case RunState.Running or RunState.Cancelling:
                    run.CancelRequested = true;
                    run.State = RunState.Cancelling;
                    return run.State;
                default:
                    return null;
            }
        },
        cancellation);

    private static Run New(NewRun content, string id, string? study, DateTime created)
    {
        var run = new Run
        {
            Id = id,
            Name = content.Name,
            State = RunState.Draft,
            ConfigHash = content.ConfigHash,
            ConditionKey = "",
            Dataset = content.Dataset,
            Model = content.Model,
            Attack = content.Attack,
            Created = created,
            Owner = content.Owner,
            StudyId = study,
        };
        Fill(run, content);
        return run;
    }

    private static void Fill(Run run, NewRun content)
    {
        run.Name = content.Name;
        run.ConfigHash = content.ConfigHash;
        run.ConditionKey = Condition.Of(content.SpecJson, null, RecordedConditions.NoEnvironment, []).Setup.Key;
        run.Seed = content.Seed;
        run.Dataset = content.Dataset;
        run.Model = content.Model;
        run.Attack = content.Attack;
        run.PoisonRate = content.PoisonRate;
        (run.PoisonedImages, run.PoisonedShare) = (null, null);
        run.TargetLabel = content.TargetLabel;
        run.EstimatedSeconds = content.EstimatedSeconds;
        run.MaxAttempts = Math.Max(1, content.MaxAttempts);
    }

    /// <summary>The next attempt begins to wait; nothing of how the last one went is shown any more.</summary>
    private static void Queue(Run run)
    {
        run.State = RunState.Queued;
        run.Attempt++;
        run.CancelRequested = false;
        run.Started = null;
        run.Ended = null;
        run.Error = "";
        run.Phase = "";
        run.Fraction = 0;
        run.EtaSeconds = null;
        run.LeaseOwner = null;
        run.LeaseUntil = null;
        run.Heartbeat = null;
    }

    private void End(Run run, RunState state)
    {
        run.State = state;
        run.Ended = Now;
        run.EtaSeconds = null;
        run.LeaseOwner = null;
        run.LeaseUntil = null;
    }

    /// <summary>
    /// Reads a run, changes it and saves it in one transaction. SQLite transactions start as writers, so nobody can come between; on
    /// other databases the version column notices and the change is rejected.
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
