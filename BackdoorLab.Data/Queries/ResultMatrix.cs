namespace BackdoorLab.Data.Queries;

/// <summary>Which runs enter a matrix. What is null does not restrict.</summary>
public sealed record MatrixFilter
{
    /// <summary>Data set.</summary>
    public string? Dataset { get; init; }

    /// <summary>Network.</summary>
    public string? Model { get; init; }

    /// <summary>Attack.</summary>
    public string? Attack { get; init; }

    /// <summary>Poison rate.</summary>
    public double? PoisonRate { get; init; }

    /// <summary>
    /// Key of a condition; a matrix is of one, and where none or an unknown one is named, of the one with most seeds.
    /// </summary>
    public string? Condition { get; init; }

    /// <summary>Which model's cells.</summary>
    public Victim Victim { get; init; } = Victim.Backdoored;

    /// <summary>
    /// Whether models that are no victims, because they learnt nothing or the backdoor did not take, count too.
    /// </summary>
    public bool Damaged { get; init; }
}

/// <summary>What decides the models of runs, besides the seed.</summary>
/// <param name="Key">Key.</param>
/// <param name="Json">The condition in words of the spec.</param>
/// <param name="Dataset">Data set.</param>
/// <param name="Model">Network.</param>
/// <param name="Attack">Attack.</param>
/// <param name="PoisonRate">Poison rate.</param>
/// <param name="Seeds">Different seeds.</param>
/// <param name="Runs">Runs with cells.</param>
public sealed record MatrixCondition(
    string Key,
    string Json,
    string Dataset,
    string Model,
    string Attack,
    double PoisonRate,
    int Seeds,
    int Runs
);

/// <summary>One metric over defense x precision, of one condition.</summary>
/// <param name="Metric">Id of the metric.</param>
/// <param name="Precisions">Labels that occur, alphabetically; the reference precision first.</param>
/// <param name="Defenses">Labels that occur, alphabetically; the undefended model first.</param>
/// <param name="Cells">Cells that occur; a pair without one was never planned.</param>
/// <param name="Runs">Number of runs behind the matrix.</param>
/// <param name="Conditions">The conditions of all runs that match the filter, those with most seeds first.</param>
/// <param name="Condition">The one that is shown; null where no run matches.</param>
public sealed record ResultMatrix(
    string Metric,
    IReadOnlyList<string> Precisions,
    IReadOnlyList<string> Defenses,
    IReadOnlyList<MatrixCell> Cells,
    int Runs,
    IReadOnlyList<MatrixCondition> Conditions,
    MatrixCondition? Condition
)
{
    /// <summary>The cell of a pair, or null when no run planned it.</summary>
    /// <param name="defense">Label of the defense, empty for the undefended model.</param>
    public MatrixCell? Find(string defense, string precision) =>
        Cells.FirstOrDefault(cell => cell.Defense == defense && cell.Precision == precision);
}

/// <summary>A cell of a matrix. Only values are averaged; every other outcome is counted beside them.</summary>
public sealed record MatrixCell
{
    /// <summary>Label of the defense, empty for the undefended model.</summary>
    public required string Defense { get; init; }

    /// <summary>Label of the precision.</summary>
    public required string Precision { get; init; }

    /// <summary>The metric over seeds, or null when no seed has it.</summary>
    public required SeedStat? Value { get; init; }

    /// <summary>Seeds with a value on a model that is no victim; in no mean unless asked for.</summary>
    public int Damaged { get; init; }

    /// <summary>
    /// Number of seeds by outcome; outcomes that do not occur are absent. A value without this metric counts as value.
    /// </summary>
    public required IReadOnlyDictionary<Outcome, int> Outcomes { get; init; }

    /// <summary>
    /// Seeds in which the defense could not decide about the model, which a rate over models does not count; 0 for
    /// other metrics.
    /// </summary>
    public int Undecided { get; init; }

    /// <summary>The different reasons of runs without a value, most frequent first.</summary>
    public required IReadOnlyList<string> Reasons { get; init; }

    /// <summary>The different notes that must be read beside the values, most frequent first.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>Ids of the runs, newest first.</summary>
    public required IReadOnlyList<string> RunIds { get; init; }
}
