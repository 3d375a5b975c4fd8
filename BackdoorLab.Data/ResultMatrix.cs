namespace BackdoorLab.Data;

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

    /// <summary>Which model's cells: <see cref="ResultWords.Backdoored"/> or <see cref="ResultWords.Benign"/>.</summary>
    public string Victim { get; init; } = ResultWords.Backdoored;
}

/// <summary>One metric over defense x precision.</summary>
/// <param name="Metric">Id of the metric.</param>
/// <param name="Precisions">Labels that occur, alphabetically; the reference precision first.</param>
/// <param name="Defenses">Labels that occur, alphabetically; the undefended model first.</param>
/// <param name="Cells">Cells that occur; a pair without one was never planned.</param>
/// <param name="Runs">Number of runs behind the matrix.</param>
/// <param name="Truncated">True when more runs match than are averaged; the newest are.</param>
public sealed record ResultMatrix(
    string Metric,
    IReadOnlyList<string> Precisions,
    IReadOnlyList<string> Defenses,
    IReadOnlyList<MatrixCell> Cells,
    int Runs,
    bool Truncated)
{
    /// <summary>The cell of a pair, or null when no run planned it.</summary>
    /// <param name="defense">Label of the defense, empty for the undefended model.</param>
    /// <param name="precision">Label of the precision.</param>
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

    /// <summary>Number of values averaged: runs in which this cell has the metric.</summary>
    public required int N { get; init; }

    /// <summary>Their mean, or null when there is none.</summary>
    public required double? Mean { get; init; }

    /// <summary>Their sample standard deviation (n - 1), or null when there are fewer than two.</summary>
    public required double? StandardDeviation { get; init; }

    /// <summary>Smallest value.</summary>
    public required double? Minimum { get; init; }

    /// <summary>Largest value.</summary>
    public required double? Maximum { get; init; }

    /// <summary>Number of runs by outcome; outcomes that do not occur are absent. A value without this metric counts as value.</summary>
    public required IReadOnlyDictionary<CellOutcome, int> Outcomes { get; init; }

    /// <summary>The different reasons of runs without a value, most frequent first.</summary>
    public required IReadOnlyList<string> Reasons { get; init; }

    /// <summary>The different notes that must be read beside the values, most frequent first.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>Ids of the runs, newest first.</summary>
    public required IReadOnlyList<string> RunIds { get; init; }
}
