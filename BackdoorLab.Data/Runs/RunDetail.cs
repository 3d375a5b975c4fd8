using BackdoorLab.Data.Conditions;

namespace BackdoorLab.Data.Runs;

/// <summary>Everything about a run except its log.</summary>
public sealed record RunDetail
{
    /// <summary>What lists show.</summary>
    public required RunItem Run { get; init; }

    /// <summary>The whole spec.</summary>
    public required string SpecJson { get; init; }

    /// <summary>Versions, processor, threads; empty before the first start.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>The data by content; null before the run has loaded it, and in runs of older programs.</summary>
    public DataContent? Data { get; init; }

    /// <summary>Sentences to show beside all its numbers.</summary>
    public required IReadOnlyList<string> Remarks { get; init; }

    /// <summary>Stages in order.</summary>
    public required IReadOnlyList<RunStage> Stages { get; init; }

    /// <summary>Cells, ordered by victim, precision, defense; the undefended ones come first.</summary>
    public required IReadOnlyList<CellResult> Cells { get; init; }

    /// <summary>Training curves, by victim and epoch.</summary>
    public required IReadOnlyList<TrainingPoint> Curve { get; init; }

    /// <summary>Files of the run as a whole; those of cells are with their cell.</summary>
    public required IReadOnlyList<ArtifactReference> Artifacts { get; init; }

    /// <summary>Sequence of the last log line, or 0.</summary>
    public required long LastLogSequence { get; init; }
}
