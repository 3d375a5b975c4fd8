namespace BackdoorLab.Data;

/// <summary>Names a cell within a run.</summary>
/// <param name="Victim"><see cref="ResultWords.Backdoored"/>, <see cref="ResultWords.Benign"/> or <see cref="ResultWords.Suspect"/>.</param>
/// <param name="Precision">Label of the precision.</param>
/// <param name="Defense">Label of the defense, or <see cref="ResultWords.Undefended"/>.</param>
public sealed record CellKey(string Victim, string Precision, string Defense);

/// <summary>A cell with its outcome.</summary>
public sealed record CellRow
{
    /// <summary>Which.</summary>
    public required CellKey Key { get; init; }

    /// <summary>Outcome.</summary>
    public required Outcome Outcome { get; init; }

    /// <summary>Why there is no value; empty when there is.</summary>
    public string Reason { get; init; } = "";

    /// <summary>What the defense says of the model; null where it judges none, and in results of before verdicts were kept.</summary>
    public Verdict? Verdict { get; init; }

    /// <summary>What must be read beside the numbers.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Wall time of computing it, or null while it has not run.</summary>
    public double? Seconds { get; init; }

    /// <summary>Whether it came from the store.</summary>
    public bool Cached { get; init; }

    /// <summary>Its numbers.</summary>
    public IReadOnlyList<Measurement> Measurements { get; init; } = [];

    /// <summary>Its files.</summary>
    public IReadOnlyList<ArtifactRow> Artifacts { get; init; } = [];

    /// <summary>Its value of a metric, or null.</summary>
    /// <param name="metric">Id of the metric.</param>
    public double? Value(string metric) => Measurements.FirstOrDefault(measurement => measurement.Metric == metric)?.Value;
}

/// <summary>A file in the artifact store.</summary>
/// <param name="Stage">Key of the stage that wrote it.</param>
/// <param name="File">Name in the stage's folder.</param>
/// <param name="Role">figure, image, weights, scores.</param>
/// <param name="Title">Words for a caption.</param>
/// <param name="Kind">What a figure is for, such as <c>reversed-triggers</c>; empty where nothing asks for it.</param>
/// <param name="Trained">The model whose training it shows; empty for other files.</param>
public sealed record ArtifactRow(string Stage, string File, string Role, string Title, string Kind = "", string Trained = "");

/// <summary>The end of an epoch. Numbers that are not finite are stored as null.</summary>
/// <param name="Victim">Which model.</param>
/// <param name="Epoch">From 1.</param>
/// <param name="Epochs">Epochs in all.</param>
/// <param name="Loss">Mean training loss.</param>
/// <param name="CleanAccuracy">0..1.</param>
/// <param name="AttackSuccessRate">0..1.</param>
public sealed record CurveRow(
    string Victim, int Epoch, int Epochs, double? Loss, double? CleanAccuracy, double? AttackSuccessRate);

/// <summary>A stage of a run.</summary>
/// <param name="Key">Content key.</param>
/// <param name="Kind">data, poison, train, convert, defend.</param>
/// <param name="Title">Words.</param>
/// <param name="Position">From 0.</param>
/// <param name="State">State.</param>
/// <param name="Cached">Whether its result came from the store.</param>
/// <param name="Seconds">Wall time, once it has ended.</param>
/// <param name="EstimatedSeconds">Estimate.</param>
/// <param name="Method">Label of the defense; empty for other stages.</param>
public sealed record StageRow(
    string Key,
    string Kind,
    string Title,
    int Position,
    StageState State,
    bool Cached,
    double? Seconds,
    double? EstimatedSeconds,
    string Method = "");

/// <summary>A line of a run's log.</summary>
/// <param name="Sequence">From 1, without gaps, across attempts.</param>
/// <param name="At">UTC.</param>
/// <param name="Level">info, warning, error.</param>
/// <param name="Text">Text.</param>
public sealed record LogRow(long Sequence, DateTime At, string Level, string Text);
