using System.Text.Json.Serialization;

namespace BackdoorLab.Data.Queries;

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
    public string Precision { get; init; } = KnownLabels.ReferencePrecision;

    /// <summary>The attack of a board of precisions.</summary>
    public string Attack { get; init; } = "";

    /// <summary>Id of the metric.</summary>
    public required string Metric { get; init; }

    /// <summary>The model on which it is measured.</summary>
    [JsonConverter(typeof(JsonStringEnumConverter<Victim>))]
    public Victim Victim { get; init; } = Victim.Backdoored;

    /// <summary>Id of the metric that is read beside it on the benign twin, or null.</summary>
    public string? TwinMetric { get; init; }

    /// <summary>Whether repeats of one seed must agree; times and memory need not.</summary>
    public bool Repeatable { get; init; } = true;

    /// <summary>
    /// Members of the condition over which the reader pools on purpose, as paths (<c>training.epochs</c>) or their last
    /// names; <c>data</c> stands for all that says which data it is.
    /// </summary>
    public IReadOnlyList<string> Pool { get; init; } = [];

    /// <summary>
    /// Whether models that are no victims, because they learnt nothing or the backdoor did not take, count too.
    /// </summary>
    public bool Damaged { get; init; }
}

/// <summary>A row of a leaderboard: one condition, or several that the reader pools.</summary>
/// <param name="Id">
/// What cells name it by: its label, with a part of the condition's key where several rows have the label.
/// </param>
/// <param name="Label">Attack or precision.</param>
/// <param name="Condition">
/// What decides its numbers besides the seed and the defense, as JSON; without what is pooled.
/// </param>
/// <param name="Pooled">What was pooled: path and the values that occur.</param>
/// <param name="RunIds">Its runs.</param>
public sealed record BoardRow(
    string Id,
    string Label,
    string Condition,
    IReadOnlyDictionary<string, IReadOnlyList<string>> Pooled,
    IReadOnlyCollection<string> RunIds
);

/// <summary>A defended model beside the undefended one of the same run, over runs that have both.</summary>
/// <param name="Lost">Clean accuracy lost.</param>
/// <param name="Before">Attack success rate without the defense.</param>
/// <param name="After">Attack success rate with it.</param>
public sealed record BoardPair(SeedStat Lost, SeedStat Before, SeedStat After);

/// <summary>A run's part in a cell, by the labels that the run used.</summary>
/// <param name="RunId">Run.</param>
/// <param name="Precision">Label of the precision.</param>
/// <param name="Defense">Label of the defense.</param>
public sealed record BoardPart(string RunId, string Precision, string Defense);

/// <summary>A cell of a leaderboard.</summary>
public sealed record BoardCell
{
    /// <summary>Id of the row.</summary>
    public required string Row { get; init; }

    /// <summary>Label of the defense, empty for the undefended model.</summary>
    public required string Defense { get; init; }

    /// <summary>The metric, or null when no run has it.</summary>
    public SeedStat? Value { get; init; }

    /// <summary>The metric of the benign twin, or null.</summary>
    public SeedStat? Twin { get; init; }

    /// <summary>
    /// Share of poison, or of models, that the defense finds in the backdoored model; null where it judges nothing.
    /// </summary>
    public SeedStat? Detection { get; init; }

    /// <summary>
    /// Share of false alarms on the benign twin of the same precision; null where the twin was not measured.
    /// </summary>
    public SeedStat? Alarms { get; init; }

    /// <summary>Youden's index, detection less false alarms of the same run; null where no run has both.</summary>
    public SeedStat? Youden { get; init; }

    /// <summary>What the defense changes, paired by run; null for the undefended model.</summary>
    public BoardPair? Change { get; init; }

    /// <summary>
    /// Seeds that have a value on a model that is no victim; they are in no mean unless the filter asks for them.
    /// </summary>
    public int Damaged { get; init; }

    /// <summary>Number of seeds by outcome; outcomes that do not occur are absent.</summary>
    public IReadOnlyDictionary<Outcome, int> Outcomes { get; init; } = new Dictionary<Outcome, int>();

    /// <summary>
    /// Seeds in which the defense could not decide about the model, which a rate over models does not count; 0 for
    /// other metrics.
    /// </summary>
    public int Undecided { get; init; }

    /// <summary>Seeds whose run is queued or running and has not reached the cell yet.</summary>
    public int Waiting { get; init; }

    /// <summary>A reason of the weightiest outcome without a value; empty when there is none.</summary>
    public string Reason { get; init; } = "";

    /// <summary>The cells of runs behind it, newest first.</summary>
    public IReadOnlyList<BoardPart> Parts { get; init; } = [];

    /// <summary>The run, when there is a single one.</summary>
    public string? OnlyRun => Parts.Count == 1 ? Parts[0].RunId : null;

    /// <summary>Number of seeds that planned the cell.</summary>
    public int Seeds => Outcomes.Values.Sum();

    /// <summary>
    /// What the cell is when it has no number: the weightiest outcome; values of other metrics weigh most.
    /// </summary>
    public Outcome Outcome =>
        ByWeight.FirstOrDefault(outcome => Outcomes.GetValueOrDefault(outcome) > 0, Outcome.NotRun);

    internal static Outcome[] ByWeight { get; } =
    [Outcome.Value, Outcome.Failed, Outcome.TimedOut, Outcome.NotApplicable, Outcome.NotRun];
}

/// <summary>Defenses against attacks, or against precisions, for one data set, network and poison rate.</summary>
/// <param name="Filter">What was asked.</param>
/// <param name="Rows">Ids of the rows, by label and condition.</param>
/// <param name="Defenses">
/// Labels that occur, the undefended model first; where the parameters behind a label differ, with what differs.
/// </param>
/// <param name="Cells">Cells that occur; a pair without one was never planned.</param>
/// <param name="Runs">Number of runs behind the board. All that match are read.</param>
public sealed record Board(
    BoardFilter Filter,
    IReadOnlyList<string> Rows,
    IReadOnlyList<string> Defenses,
    IReadOnlyList<BoardCell> Cells,
    int Runs
)
{
    private readonly Dictionary<(string, string), BoardCell> _places = Cells.ToDictionary(cell =>
        (cell.Row, cell.Defense)
    );

    /// <summary>The rows by id.</summary>
    public IReadOnlyDictionary<string, BoardRow> Conditions { get; init; } = new Dictionary<string, BoardRow>();

    /// <summary>The attack or precision of a row.</summary>
    /// <param name="row">Id of the row.</param>
    public string LabelOf(string row) => Conditions.TryGetValue(row, out var found) ? found.Label : row;

    /// <summary>The cell of a pair, or null when no run planned it.</summary>
    /// <param name="row">Id of the row.</param>
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
    double Rate
);
