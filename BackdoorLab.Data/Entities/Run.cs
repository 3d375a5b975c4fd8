namespace BackdoorLab.Data.Entities;

/// <summary>An experiment executed, with what the run list shows of it.</summary>
internal sealed class Run
{
    public required string Id { get; init; }

    public required string Name { get; set; }

    public RunState State { get; set; }

    /// <summary>Hash of the spec without name and seed: runs that differ in the seed alone share it.</summary>
    public required string ConfigHash { get; set; }

    /// <summary>
    /// What decides its numbers besides the seed (its condition); by the spec alone until the run has loaded its data.
    /// </summary>
    public required string ConditionKey { get; set; }

    public long Seed { get; set; }

    /// <summary>The study it belongs to, or null.</summary>
    public string? StudyId { get; init; }

    public required string Dataset { get; set; }

    public required string Model { get; set; }

    public required string Attack { get; set; }

    /// <summary>As asked for.</summary>
    public double PoisonRate { get; set; }

    /// <summary>Poisoned training images, once the run has begun and when it poisons any.</summary>
    public int? PoisonedImages { get; set; }

    /// <summary>Their share of all training images: the rate achieved.</summary>
    public double? PoisonedShare { get; set; }

    public int? TargetLabel { get; set; }

    public DateTime Created { get; init; }

    public DateTime? Queued { get; set; }

    public DateTime? Started { get; set; }

    public DateTime? Ended { get; set; }

    /// <summary>Counts from 1 with the first queueing; 0 for a draft.</summary>
    public int Attempt { get; set; }

    public int MaxAttempts { get; set; }

    public bool CancelRequested { get; set; }

    public string? LeaseOwner { get; set; }

    public DateTime? LeaseUntil { get; set; }

    public DateTime? Heartbeat { get; set; }

    public string Phase { get; set; } = "";

    public double Fraction { get; set; }

    public double? EtaSeconds { get; set; }

    public string Error { get; set; } = "";

    public double? EstimatedSeconds { get; set; }

    /// <summary>Wall time of all attempts that have ended.</summary>
    public double ElapsedSeconds { get; set; }

    /// <summary>Of the undefended backdoored model in the reference precision.</summary>
    public double? CleanAccuracy { get; set; }

    /// <summary>Of the undefended backdoored model in the reference precision.</summary>
    public double? AttackSuccessRate { get; set; }

    /// <summary>
    /// Why the backdoored model is no victim to measure defenses on; empty when it is one, or not known yet.
    /// </summary>
    public string BackdooredDamage { get; set; } = "";

    /// <summary>The same of its benign twin.</summary>
    public string BenignDamage { get; set; } = "";

    /// <summary>Who submitted it: a user's name, or empty in a lab without accounts.</summary>
    public string Owner { get; set; } = "";

    /// <summary>Higher ones start first; equal ones in the order of queueing.</summary>
    public int Priority { get; set; }

    /// <summary>Out of the way of the usual lists, but still counted.</summary>
    public bool Archived { get; set; }

    /// <summary>Queued, but its study is paused: no job may start it.</summary>
    public bool Held { get; set; }

    public bool Deleted { get; set; }

    public DateTime? DeletedAt { get; set; }

    /// <summary>Grows with every change of state or content, not with progress.</summary>
    public long Version { get; set; }
}
