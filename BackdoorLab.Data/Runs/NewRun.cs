namespace BackdoorLab.Data.Runs;

/// <summary>
/// The content of a run as its author gives it; the columns beside the spec repeat what lists filter and sort by.
/// </summary>
public sealed record NewRun
{
    /// <summary>Name for people.</summary>
    public string Name { get; init; } = "";

    /// <summary>Who submits it: a user's name, or empty in a lab without accounts.</summary>
    public string Owner { get; init; } = "";

    /// <summary>The whole spec.</summary>
    public required string SpecJson { get; init; }

    /// <summary>
    /// Hash of the spec without name and seed: runs that differ in the seed alone share it and are averaged together.
    /// </summary>
    public required string ConfigHash { get; init; }

    /// <summary>Seed.</summary>
    public required long Seed { get; init; }

    /// <summary>Id or label of the data set.</summary>
    public required string Dataset { get; init; }

    /// <summary>Id or label of the network.</summary>
    public required string Model { get; init; }

    /// <summary>Id or label of the attack.</summary>
    public required string Attack { get; init; }

    /// <summary>Poisoned share of the training samples, 0..1.</summary>
    public double PoisonRate { get; init; }

    /// <summary>Target label, or null where there is no single one (all-to-all).</summary>
    public int? TargetLabel { get; init; }

    /// <summary>Estimated seconds for the whole run, or null.</summary>
    public double? EstimatedSeconds { get; init; }

    /// <summary>How often the run may be started before a lost worker makes it fail.</summary>
    public int MaxAttempts { get; init; } = 3;
}
