namespace BackdoorLab.Engine.Evaluation;

/// <summary>What a scorer makes of a defense's result and the ground truth.</summary>
public sealed record Scored
{
    /// <summary>The numbers, each metric once, all finite.</summary>
    public required IReadOnlyList<Measurement> Measurements { get; init; }

    /// <summary>What the method says of the model; null where it judges none.</summary>
    public Verdict? Verdict { get; init; }

    /// <summary>The defense's own pictures first, then those that need the ground truth.</summary>
    public IReadOnlyList<Figure> Figures { get; init; } = [];

    /// <summary>What must be read beside the numbers.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}
