using System.Linq.Expressions;
using BackdoorLab.Data.Entities;
using BackdoorLab.Data.Runs;

namespace BackdoorLab.Data.Queries;

/// <summary>Runs as lists show them.</summary>
internal static class RunItems
{
    /// <summary>What of a run's row lists show; the tags are in a table of their own.</summary>
    public static readonly Expression<Func<Run, RunItem>> ToItem = run => new RunItem
    {
        Id = run.Id,
        Name = run.Name,
        State = run.State,
        Dataset = run.Dataset,
        Model = run.Model,
        Attack = run.Attack,
        PoisonRate = run.PoisonRate,
        PoisonedImages = run.PoisonedImages,
        PoisonedShare = run.PoisonedShare,
        TargetLabel = run.TargetLabel,
        Seed = run.Seed,
        StudyId = run.StudyId,
        ConfigHash = run.ConfigHash,
        ConditionKey = run.ConditionKey,
        BackdooredDamage = run.BackdooredDamage,
        BenignDamage = run.BenignDamage,
        Created = run.Created,
        Queued = run.Queued,
        Started = run.Started,
        Ended = run.Ended,
        Attempt = run.Attempt,
        MaxAttempts = run.MaxAttempts,
        CancelRequested = run.CancelRequested,
        Heartbeat = run.Heartbeat,
        Phase = run.Phase,
        Fraction = run.Fraction,
        EtaSeconds = run.EtaSeconds,
        Error = run.Error,
        EstimatedSeconds = run.EstimatedSeconds,
        ElapsedSeconds = run.ElapsedSeconds,
        CleanAccuracy = run.CleanAccuracy,
        AttackSuccessRate = run.AttackSuccessRate,
        Owner = run.Owner,
        Priority = run.Priority,
        Held = run.Held,
        Archived = run.Archived,
        Deleted = run.Deleted,
        DeletedAt = run.DeletedAt,
        Version = run.Version,
    };
}
