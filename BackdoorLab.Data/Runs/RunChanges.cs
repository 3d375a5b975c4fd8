using BackdoorLab.Data.Conditions;
using BackdoorLab.Data.Entities;

namespace BackdoorLab.Data.Runs;

/// <summary>What happened in a run since the last write: one transaction, at most one or two a second.</summary>
public sealed record RunChanges
{
    /// <summary>
    /// Set once per attempt, when the engine has made its plan. Replaces the stages and cells of an earlier attempt.
    /// </summary>
    public RunPlan? Plan { get; init; }

    /// <summary>Where the run stands now; null keeps what is there.</summary>
    public RunProgress? Progress { get; init; }

    /// <summary>Changes of stages, in order.</summary>
    public IReadOnlyList<StageChange> Stages { get; init; } = [];

    /// <summary>
    /// Cells that got their outcome. A cell recorded again is replaced, with its measurements and files.
    /// </summary>
    public IReadOnlyList<CellResult> Cells { get; init; } = [];

    /// <summary>Models that turned out to be no victims, or to be sound.</summary>
    public IReadOnlyList<VictimState> Victims { get; init; } = [];

    /// <summary>Ends of epochs. An epoch recorded again is replaced.</summary>
    public IReadOnlyList<TrainingPoint> Curve { get; init; } = [];

    /// <summary>
    /// Files of the run as a whole; those of cells come with their cell. A file recorded again is replaced.
    /// </summary>
    public IReadOnlyList<ArtifactReference> Artifacts { get; init; } = [];

    /// <summary>Lines of the log, in order; the store numbers them.</summary>
    public IReadOnlyList<LogEntry> Log { get; init; } = [];
}

/// <summary>What a run is going to do.</summary>
/// <param name="Stages">All stages in order.</param>
/// <param name="Cells">All cells that will get an outcome.</param>
/// <param name="Environment">Versions, processor, threads.</param>
/// <param name="EstimatedSeconds">Estimate for the whole run.</param>
public sealed record RunPlan(
    IReadOnlyList<PlannedStage> Stages,
    IReadOnlyList<CellId> Cells,
    IReadOnlyDictionary<string, string> Environment,
    double EstimatedSeconds
)
{
    /// <summary>Poisoned training images; null when there are none.</summary>
    public int? PoisonedImages { get; init; }

    /// <summary>Their share of all training images, 0..1.</summary>
    public double? PoisonedShare { get; init; }

    /// <summary>The data by content, or null where it is not known.</summary>
    public DataContent? Data { get; init; }
}

/// <summary>What became of a trained model.</summary>
/// <param name="Victim">Which.</param>
/// <param name="Damage">Why nothing measured on it speaks of a defense, in a sentence; empty when it does.</param>
public sealed record VictimState(Victim Victim, string Damage);

/// <summary>A stage began or ended.</summary>
/// <param name="Key">Stage. One that was not planned is added at the end.</param>
/// <param name="State">Its state now.</param>
/// <param name="Cached">Whether its result came from the store.</param>
/// <param name="Seconds">Wall time, once it has ended.</param>
public sealed record StageChange(string Key, StageState State, bool Cached = false, double? Seconds = null);

/// <summary>Where a run stands.</summary>
/// <param name="Phase">Words: what it is doing now.</param>
/// <param name="Fraction">Share done, 0..1.</param>
/// <param name="EtaSeconds">Estimated seconds to its end, or null.</param>
public sealed record RunProgress(string Phase, double Fraction, double? EtaSeconds);

/// <summary>A log line to be written.</summary>
/// <param name="At">UTC.</param>
/// <param name="Level">info, warning, error.</param>
/// <param name="Text">Text.</param>
public sealed record LogEntry(DateTime At, string Level, string Text);
