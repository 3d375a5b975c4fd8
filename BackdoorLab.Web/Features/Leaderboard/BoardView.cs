using BackdoorLab.Data;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Web.Shared.Words;

namespace BackdoorLab.Web.Features.Leaderboard;

/// <summary>
/// A leaderboard as it is read: rows and columns in the catalog's order, without the columns a reader has taken out,
/// with published values beside own ones. The screen and every export read this one.
/// </summary>
public sealed class BoardView
{
    private readonly ILookup<(string Row, string Defense), ReferenceRow> _published;
    private readonly Dictionary<string, IReadOnlyList<string>> _best;
    private readonly Dictionary<string, string> _titles;
    private readonly IReadOnlyList<string> _order;

    /// <summary>Makes the view.</summary>
    /// <param name="board">Numbers.</param>
    /// <param name="metric">What they are.</param>
    /// <param name="hidden">Labels of defenses that the reader has taken out.</param>
    /// <param name="references">Published values to show; none of them enters a mean, a rank or the coverage.</param>
    public BoardView(
        Board board,
        BoardMetric metric,
        IReadOnlyCollection<string> hidden,
        IReadOnlyList<ReferenceRow> references
    )
    {
        (Board, Metric) = (board, metric);
        var named = references
            .Where(row => Published(row, metric.Metric) is not null)
            .Select(row => row with { Defense = Column(board, row.Defense) })
            .ToList();
        _published = named.ToLookup(row => (row.Attack, row.Defense));
        Silent = [.. board.Defenses.Where(label => BoardRanking.IsSilent(board, label)).OrderBy(KindWords.Rank)];
        Choices = [.. board.Defenses.Except(Silent).Union(named.Select(row => row.Defense)).OrderBy(KindWords.Rank)];
        Hidden = [.. Choices.Where(hidden.Contains)];
        Columns = [.. Choices.Except(Hidden)];
        Own = [.. Columns.Where(board.Defenses.Contains)];
        var conditions = board.Rows.Where(board.Conditions.ContainsKey).ToList();
        _titles = conditions
            .Zip(
                ConditionTitles.Of([
                    .. conditions.Select(row => new ConditionOf(board.LabelOf(row), board.Conditions[row].Condition)),
                ])
            )
            .ToDictionary(row => row.First, row => row.Second);
        _order =
        [
            .. board.Rows.OrderBy(row => KindWords.Rank(board.LabelOf(row))).ThenBy(Condition, NaturalOrder.Instance),
        ];
        Rows =
        [
            .. _order,
            .. named
                .Select(row => row.Attack)
                .Distinct()
                .Except(board.Rows.Select(board.LabelOf))
                .OrderBy(KindWords.Rank),
        ];
        Axes = BoardAxis.Of(board);
        _best = board.Rows.ToDictionary(row => row, row => BoardRanking.Best(board, row, Own, metric.HigherIsBetter));
        Ranks = BoardRanking.Ranks(board, Own, metric.HigherIsBetter).ToDictionary(rank => rank.Defense);
        Shared = BoardRanking.SharedRows(board, Own).Count;
        Coverage = BoardRanking.Coverage(board, [.. Own]);
    }

    /// <summary>The numbers.</summary>
    public Board Board { get; }

    /// <summary>What they are.</summary>
    public BoardMetric Metric { get; }

    /// <summary>
    /// Ids of the rows, by attack or precision and condition; attacks that only published values have come last.
    /// </summary>
    public IReadOnlyList<string> Rows { get; }

    /// <summary>What rows of the same name differ in, and what is pooled: what a reader may pool over.</summary>
    public IReadOnlyList<BoardAxis> Axes { get; }

    /// <summary>Defenses shown, the undefended model first.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>The columns that own runs have.</summary>
    public IReadOnlyList<string> Own { get; }

    /// <summary>Columns a reader may take out or put back.</summary>
    public IReadOnlyList<string> Choices { get; }

    /// <summary>Those that are taken out.</summary>
    public IReadOnlyList<string> Hidden { get; }

    /// <summary>Defenses of another kind, which have no such number.</summary>
    public IReadOnlyList<string> Silent { get; }

    /// <summary>Ranks by defense; empty when no row is shared.</summary>
    public IReadOnlyDictionary<string, BoardRank> Ranks { get; }

    /// <summary>Number of rows in which all compared defenses have a value.</summary>
    public int Shared { get; }

    /// <summary>How much of the own part is filled.</summary>
    public BoardCoverage Coverage { get; }

    /// <summary>What distinguishes a row from the others: "4 classes, 2 epochs"; empty where nothing does.</summary>
    public string Condition(string row) => _titles.GetValueOrDefault(row, "");

    /// <summary>What a row pools on purpose: "pooled over epochs: 2, 6"; empty where it does not.</summary>
    public string Pooled(string row) =>
        Board.Conditions.TryGetValue(row, out var condition)
            ? string.Join(
                "; ",
                condition.Pooled.Select(axis =>
                    $"pooled over {BoardAxis.Name(axis.Key)}: {string.Join(", ", axis.Value.Order(NaturalOrder.Instance))}"
                )
            )
            : "";

    /// <summary>A row in full: "BadNets, 2 epochs".</summary>
    public string Name(string row, Func<string, string>? words = null) =>
        string.Join(
            ", ",
            new[] { (words ?? KindWords.Label)(Board.LabelOf(row)), Condition(row) }.Where(part => part.Length > 0)
        );

    /// <summary>
    /// The size of the data, where all rows have the same: "4 classes, 80 training images"; empty otherwise.
    /// </summary>
    public string Size =>
        Board.Conditions.Values.Select(row => ConditionTitles.Size(row.Condition)).Distinct().ToList() is [var size]
            ? size
            : "";

    /// <summary>Whether a cell may be best.</summary>
    public BoardStanding Standing(string row, string defense) => BoardRanking.Standing(Board, Board.Find(row, defense));

    /// <summary>Whether a defense is best in a row.</summary>
    public bool IsBest(string row, string defense) => _best.TryGetValue(row, out var best) && best.Contains(defense);

    /// <summary>A column's name for an axis: with its settings only where another column has the same method.</summary>
    public string Brief(string defense) =>
        defense.Length == 0 ? KindWords.Defense(defense)
        : Choices.Count(other => KindWords.Brief(other) == KindWords.Brief(defense)) > 1 ? KindWords.Short(defense)
        : KindWords.Brief(defense);

    /// <summary>Published values of a pair.</summary>
    public IEnumerable<(double Value, string Source)> PublishedOf(string row, string defense) =>
        _published[(Board.LabelOf(row), defense)]
            .Select(reference => (Published(reference, Metric.Metric)!.Value, reference.Source));

    /// <summary>Cells that no run has computed and none is about to, as row and defense.</summary>
    public IReadOnlyList<(string Row, string Defense)> Missing() =>
        [
            .. _order
                .SelectMany(row => Own.Select(defense => (row, defense)))
                .Where(pair =>
                    Board.Find(pair.row, pair.defense) is not { } cell
                    || (
                        cell is { Value: null, Damaged: 0 }
                        && cell.Outcome == Outcome.NotRun
                        && cell.Waiting < cell.Outcomes.GetValueOrDefault(Outcome.NotRun)
                    )
                ),
        ];

    // A published table names the method and not its settings: it stands in the method's column where there is a single
    // one.
    private static string Column(Board board, string defense) =>
        !board.Defenses.Contains(defense)
        && board.Defenses.Where(label => MethodLabel.Of(label).Id == defense).ToList() is [var only]
            ? only
            : defense;

    private static double? Published(ReferenceRow row, Metric metric) =>
        metric.Id == Results.Metric.CleanAccuracy.Id ? row.CleanAccuracy
        : metric.Id == Results.Metric.AttackSuccessRate.Id ? row.AttackSuccessRate
        : metric.Id == Results.Metric.RobustAccuracy.Id ? row.RobustAccuracy
        : null;
}
