using BackdoorLab.Data.Conditions;
using BackdoorLab.Data.Entities;

namespace BackdoorLab.Data.Runs;

/// <summary>
/// How the state of a run changes: queued, again from where it broke off, running while a worker holds its lease, ended
/// in one of four ways. Only a claim and a bulk move to the trash are statements elsewhere, because each must be one
/// for many runs or many claims at once.
/// </summary>
internal static class RunTransitions
{
    /// <summary>A run in the queue, waiting for its first attempt.</summary>
    /// <param name="study">The study it belongs to, or null.</param>
    /// <param name="at">UTC; decides its place in lists and in the queue.</param>
    public static Run Submitted(NewRun content, string? study, DateTime at)
    {
        var run = New(content, RunIds.New(), study, at);
        run.Queued = at;
        Queue(run);
        return run;
    }

    /// <summary>
    /// A run without a state of its own yet; its condition is by the spec alone until it has loaded its data.
    /// </summary>
    public static Run New(NewRun content, string id, string? study, DateTime created) =>
        new()
        {
            Id = id,
            Name = content.Name,
            ConfigHash = content.ConfigHash,
            ConditionKey = Condition.Of(content.SpecJson, null, RecordedConditions.NoEnvironment, []).Setup.Key,
            Seed = content.Seed,
            StudyId = study,
            Dataset = content.Dataset,
            Model = content.Model,
            Attack = content.Attack,
            PoisonRate = content.PoisonRate,
            TargetLabel = content.TargetLabel,
            Created = created,
            EstimatedSeconds = content.EstimatedSeconds,
            MaxAttempts = Math.Max(1, content.MaxAttempts),
            Owner = content.Owner,
        };

    /// <summary>
    /// Whether a person may queue it again; drafts are of older versions, which wrote a run before they queued it.
    /// </summary>
    public static bool MayBeQueued(Run run) =>
        !run.Deleted && run.State is RunState.Draft or RunState.Failed or RunState.Cancelled or RunState.Interrupted;

    /// <summary>The next attempt begins to wait; nothing of how the last one went is shown any more.</summary>
    public static void Queue(Run run)
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

    /// <summary>Asks to stop; the state after that, or null when there was nothing to cancel.</summary>
    public static RunState? Cancel(Run run, DateTime now)
    {
        switch (run.State)
        {
            case RunState.Queued or RunState.Interrupted:
                run.CancelRequested = true;
                End(run, RunState.Cancelled, now);
                return run.State;
            case RunState.Running or RunState.Cancelling:
                run.CancelRequested = true;
                run.State = RunState.Cancelling;
                return run.State;
            default:
                return null;
        }
    }

    /// <summary>The attempt is over and nobody holds a lease.</summary>
    public static void End(Run run, RunState state, DateTime now)
    {
        run.State = state;
        run.Ended = now;
        run.EtaSeconds = null;
        run.LeaseOwner = null;
        run.LeaseUntil = null;
    }

    /// <summary>Its worker is gone: to be continued, unless its user had asked to stop.</summary>
    /// <param name="run">Changed.</param>
    /// <param name="lastSeen">When its worker was last heard of, UTC.</param>
    /// <param name="now">UTC.</param>
    public static void Lose(Run run, DateTime lastSeen, DateTime now)
    {
        End(run, run.CancelRequested ? RunState.Cancelled : RunState.Interrupted, now);
        if (run.State == RunState.Interrupted)
        {
            run.Error = FormattableString.Invariant(
                $"The worker was lost; last heard of at {lastSeen:yyyy-MM-dd HH:mm:ss} UTC."
            );
        }
    }

    /// <summary>
    /// Queues an interrupted run at its old place, or gives it up when it has no attempt left. Whether it waits again.
    /// </summary>
    public static bool Resume(Run run)
    {
        if (run.Attempt < run.MaxAttempts)
        {
            Queue(run);
            return true;
        }

        run.State = RunState.Failed;
        run.Error = FormattableString.Invariant($"Given up after {run.Attempt} attempts. {run.Error}").TrimEnd();
        return false;
    }
}
