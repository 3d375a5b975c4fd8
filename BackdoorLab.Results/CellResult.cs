namespace BackdoorLab.Results;

/// <summary>One precision x defense x model cell: an outcome, and numbers when it has any.</summary>
public sealed record CellResult
{
    /// <summary>Which cell.</summary>
    public required CellId Id { get; init; }

    /// <summary>Value, not applicable, failed, timed out or not run.</summary>
    public required Outcome Outcome { get; init; }

    /// <summary>Why there is no value; empty when there is.</summary>
    public string Reason { get; init; } = "";

    /// <summary>
    /// What the defense says of the model; null where it judges none, where the cell has no value, and in results of
    /// before verdicts were kept.
    /// </summary>
    public Verdict? Verdict { get; init; }

    /// <summary>The numbers.</summary>
    public IReadOnlyList<Measurement> Measurements { get; init; } = [];

    /// <summary>Pictures and files.</summary>
    public IReadOnlyList<ArtifactReference> Artifacts { get; init; } = [];

    /// <summary>What must be read beside the numbers (undecidable index, straight-through gradients, subset).</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Wall time of computing it, also when it now came from the store; null while it has not run.</summary>
    public double? Seconds { get; init; }

    /// <summary>Whether it came from the store.</summary>
    public bool Cached { get; init; }

    /// <summary>Its value of a metric, or null.</summary>
    public double? Value(string metric) =>
        Measurements.FirstOrDefault(measurement => measurement.Metric == metric)?.Value;
}
