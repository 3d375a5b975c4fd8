namespace BackdoorLab.Data;

/// <summary>What the rows of a leaderboard are; its columns are defenses.</summary>
public enum BoardRows
{
    /// <summary>Attacks, at one precision.</summary>
    Attacks,

    /// <summary>Precisions, of one attack.</summary>
    Precisions,
}

/// <summary>Which runs enter a leaderboard, and which of their numbers.</summary>
public sealed record BoardFilter
{
    /// <summary>Data set.</summary>
    public required string Dataset { get; init; }

    /// <summary>Network.</summary>
    public required string Model { get; init; }

    /// <summary>Poison rate.</summary>
    public required double PoisonRate { get; init; }

    /// <summary>Rows.</summary>
    public BoardRows Rows { get; init; }

    /// <summary>The precision of a board of attacks.</summary>
    public string Precision { get; init; } = ResultWords.ReferencePrecision;

    /// <summary>The attack of a board of precisions.</summary>
    public string Attack { get; init; } = "";

    /// <summary>Id of the metric.</summary>
    public required string Metric { get; init; }

    /// <summary>The model on which it is measured.</summary>
    public string Victim { get; init; } = ResultWords.Backdoored;

    /// <summary>Id of the metric that is read beside it on the benign twin, or null.</summary>
    public string? TwinMetric { get; init; }
}

/// <summary>A number over seeds. Runs of one seed are averaged first, so that a repeated run does not count twice.</summary>
/// <param name="N">Number of seeds.</param>
/// <param name="Mean">Mean over seeds.</param>
/// <param name="StandardDeviation">Sample standard deviation (n - 1), or null for a single seed.</param>
/// <param name="Minimum">Smallest value of a run.</param>
/// <param name="Maximum">Largest value of a run.</param>
/// <param name="Mixed">Whether runs of one seed differ: they are of different configurations.</param>
public sealed record BoardStat(int N, double Mean, double? StandardDeviation, double Minimum, double Maximum, bool Mixed);

/// <summary>A cell of a leaderboard.</summary>
public sealed record BoardCell
{
    /// <summary>Attack or precision.</summary>
    public required string Row { get; init; }

    /// <summary>Label of the defense, empty for the undefended model.</summary>
    public required string Defense { get; init; }

    /// <summary>The metric, or null when no run has it.</summary>
    public BoardStat? Value { get; init; }

    /// <summary>The metric of the benign twin, or null.</summary>
    public BoardStat? Twin { get; init; }

    /// <summary>Clean accuracy of the backdoored model.</summary>
    public BoardStat? CleanAccuracy { get; init; }

    /// <summary>Attack success rate of the backdoored model.</summary>
    public BoardStat? AttackSuccess { get; init; }

    /// <summary>Number of runs by outcome; outcomes that do not occur are absent.</summary>
    public IReadOnlyDictionary<CellOutcome, int> Outcomes { get; init; } = new Dictionary<CellOutcome, int>();

    /// <summary>Runs that are queued or running and have not reached the cell yet.</summary>
    public int Waiting { get; init; }

    /// <summary>A reason of the weightiest outcome without a value; empty when there is none.</summary>
    public string Reason { get; init; } = "";

    /// <summary>The run, when there is a single one.</summary>
    public string? OnlyRun { get; init; }

    /// <summary>Number of runs that planned the cell.</summary>
    public int Runs => Outcomes.Values.Sum();

    /// <summary>What the cell is when it has no number: the weightiest outcome; values of other metrics weigh most.</summary>
    public CellOutcome Outcome => ByWeight.FirstOrDefault(outcome => Outcomes.GetValueOrDefault(outcome) > 0, CellOutcome.NotRun);

    internal static CellOutcome[] ByWeight { get; } =
        [CellOutcome.Value, CellOutcome.Failed, CellOutcome.TimedOut, CellOutcome.NotApplicable, CellOutcome.NotRun];
}

/// <summary>Defenses against attacks, or against precisions, for one data set, network and poison rate.</summary>
/// <param name="Filter">What was asked.</param>
/// <param name="Rows">Attacks or precisions that occur, alphabetically.</param>
/// <param name="Defenses">Labels that occur, the undefended model first.</param>
/// <param name="Cells">Cells that occur; a pair without one was never planned.</param>
/// <param name="Runs">Number of runs behind the board. All that match are read.</param>
public sealed record Board(
    BoardFilter Filter, IReadOnlyList<string> Rows, IReadOnlyList<string> Defenses, IReadOnlyList<BoardCell> Cells, int Runs)
{
    private readonly Dictionary<(string, string), BoardCell> _places = Cells.ToDictionary(cell => (cell.Row, cell.Defense));

    /// <summary>The cell of a pair, or null when no run planned it.</summary>
    /// <param name="row">Attack or precision.</param>
    /// <param name="defense">Label of the defense.</param>
    public BoardCell? Find(string row, string defense) => _places.GetValueOrDefault((row, defense));
}

/// <summary>What a leaderboard can be asked, with what it shows when nothing is asked.</summary>
/// <param name="Datasets">Data sets of runs outside the trash.</param>
/// <param name="Models">Networks on the chosen data set.</param>
/// <param name="Rates">Poison rates of the chosen pair, ascending.</param>
/// <param name="Attacks">Attacks at the chosen rate.</param>
/// <param name="Precisions">Precisions of their cells; the reference precision first.</param>
/// <param name="Dataset">The chosen one, or null when there is no run.</param>
/// <param name="Model">The chosen one.</param>
/// <param name="Rate">The chosen one.</param>
public sealed record BoardChoices(
    IReadOnlyList<string> Datasets,
    IReadOnlyList<string> Models,
    IReadOnlyList<double> Rates,
    IReadOnlyList<string> Attacks,
    IReadOnlyList<string> Precisions,
    string? Dataset,
    string? Model,
    double Rate);
