using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Experiments;

/// <summary>Which model a cell is about.</summary>
public enum Victim
{
    /// <summary>Trained on poisoned data.</summary>
    Backdoored,

    /// <summary>The benign twin: the same training with poison rate 0.</summary>
    Benign,

    /// <summary>A model from a file, of which nothing is known.</summary>
    Suspect,
}

/// <summary>Names a cell of the result matrix.</summary>
/// <param name="Victim">Model.</param>
/// <param name="Precision">Label of the precision (see <see cref="MethodCatalog.Label"/>).</param>
/// <param name="Defense">Label of the defense, or null for the undefended model.</param>
public sealed record CellId(Victim Victim, string Precision, string? Defense);

/// <summary>A file in the artifact store.</summary>
/// <param name="Stage">Key of the stage that wrote it (its folder).</param>
/// <param name="File">File name in that folder: <c>figure-1.json</c>, <c>trigger.png</c>.</param>
/// <param name="Role">What it is: <c>figure</c>, <c>image</c>, <c>weights</c>, <c>scores</c>.</param>
/// <param name="Title">Words for a caption.</param>
/// <param name="Kind">What a figure is for.</param>
/// <param name="Victim">The model whose training it shows; null for files of a cell and of the run as a whole.</param>
public sealed record ArtifactReference(string Stage, string File, string Role, string Title, FigureKind Kind = FigureKind.Other, Victim? Victim = null);

/// <summary>One precision x defense x model cell: an outcome, and numbers when it has any.</summary>
public sealed record CellResult
{
    /// <summary>Which cell.</summary>
    public required CellId Id { get; init; }

    /// <summary>Value, not applicable, failed, timed out or not run.</summary>
    public required Outcome Outcome { get; init; }

    /// <summary>Why there is no value; empty when there is.</summary>
    public string Reason { get; init; } = "";

    /// <summary>What the defense says of the model; null where it judges none, where the cell has no value, and in results of before verdicts were kept.</summary>
    public Verdict? Verdict { get; init; }

    /// <summary>The numbers.</summary>
    public IReadOnlyList<Measurement> Measurements { get; init; } = [];

    /// <summary>Pictures and files.</summary>
    public IReadOnlyList<ArtifactReference> Artifacts { get; init; } = [];

    /// <summary>What must be read beside the numbers (undecidable index, straight-through gradients, subset).</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Wall time of computing it, also when it now came from the store.</summary>
    public double Seconds { get; init; }

    /// <summary>Whether it came from the store.</summary>
    public bool Cached { get; init; }
}
