using BackdoorLab.Data.Entities;

namespace BackdoorLab.Data.Runs;

/// <summary>A run as lists show it. Times are UTC.</summary>
public sealed record RunItem
{
    /// <summary>Id.</summary>
    public required string Id { get; init; }

    /// <summary>Name; may be empty.</summary>
    public required string Name { get; init; }

    /// <summary>State.</summary>
    public required RunState State { get; init; }

    /// <summary>Data set.</summary>
    public required string Dataset { get; init; }

    /// <summary>Network.</summary>
    public required string Model { get; init; }

    /// <summary>Attack.</summary>
    public required string Attack { get; init; }

    /// <summary>Poison rate asked for, 0..1.</summary>
    public double PoisonRate { get; init; }

    /// <summary>Poisoned training images, once the run has begun; null when it poisons none.</summary>
    public int? PoisonedImages { get; init; }

    /// <summary>Their share of all training images, 0..1: the rate achieved.</summary>
    public double? PoisonedShare { get; init; }

    /// <summary>Target label, or null where there is no single one.</summary>
    public int? TargetLabel { get; init; }

    /// <summary>Seed.</summary>
    public long Seed { get; init; }

    /// <summary>The study it belongs to, or null.</summary>
    public string? StudyId { get; init; }

    /// <summary>Hash shared by runs that differ in name and seed alone.</summary>
    public required string ConfigHash { get; init; }

    /// <summary>
    /// Hash of what decides its numbers besides the seed; of the spec alone until it has loaded its data.
    /// </summary>
    public string ConditionKey { get; init; } = "";

    /// <summary>Why the backdoored model is no victim; empty when it is one.</summary>
    public string BackdooredDamage { get; init; } = "";

    /// <summary>Why the benign twin is none; empty when it is one.</summary>
    public string BenignDamage { get; init; } = "";

    /// <summary>When it was written.</summary>
    public DateTime Created { get; init; }

    /// <summary>When it was queued last.</summary>
    public DateTime? Queued { get; init; }

    /// <summary>When the latest attempt started.</summary>
    public DateTime? Started { get; init; }

    /// <summary>When it ended.</summary>
    public DateTime? Ended { get; init; }

    /// <summary>Counts from 1 with the first queueing.</summary>
    public int Attempt { get; init; }

    /// <summary>How often it may be started.</summary>
    public int MaxAttempts { get; init; }

    /// <summary>Whether its user asked to stop.</summary>
    public bool CancelRequested { get; init; }

    /// <summary>When its worker was last heard of.</summary>
    public DateTime? Heartbeat { get; init; }

    /// <summary>Words: what it is doing now.</summary>
    public string Phase { get; init; } = "";

    /// <summary>Share done, 0..1.</summary>
    public double Fraction { get; init; }

    /// <summary>Estimated seconds to its end, as of the heartbeat.</summary>
    public double? EtaSeconds { get; init; }

    /// <summary>What went wrong; empty otherwise.</summary>
    public string Error { get; init; } = "";

    /// <summary>Estimated seconds for the whole run.</summary>
    public double? EstimatedSeconds { get; init; }

    /// <summary>Wall time of the attempts that have ended.</summary>
    public double ElapsedSeconds { get; init; }

    /// <summary>Of the undefended backdoored model, or of the one from a file, in the reference precision.</summary>
    public double? CleanAccuracy { get; init; }

    /// <summary>Of the undefended backdoored model in the reference precision.</summary>
    public double? AttackSuccessRate { get; init; }

    /// <summary>Who submitted it; empty in a lab without accounts.</summary>
    public string Owner { get; init; } = "";

    /// <summary>Higher ones start first.</summary>
    public int Priority { get; init; }

    /// <summary>Whether it waits in a paused study and will not start.</summary>
    public bool Held { get; init; }

    /// <summary>Whether it was put out of the way of the usual lists.</summary>
    public bool Archived { get; init; }

    /// <summary>Its tags, alphabetically. Only pages of the run list and single runs carry them.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Whether it is in the trash.</summary>
    public bool Deleted { get; init; }

    /// <summary>Since when it is in the trash.</summary>
    public DateTime? DeletedAt { get; init; }

    /// <summary>Grows with every change of state or content.</summary>
    public long Version { get; init; }
}
