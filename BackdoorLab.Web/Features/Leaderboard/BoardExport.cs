using System.Text.Json;
using System.Text.Json.Nodes;
using BackdoorLab.Data;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Shared.Export;
using BackdoorLab.Web.Shared.Words;

namespace BackdoorLab.Web.Features.Leaderboard;

/// <summary>
/// A leaderboard as a document. CSV and JSON have every digit; the tables for papers are what the screen shows.
/// </summary>
public static class BoardExport
{
    /// <summary>
    /// Version of the JSON form; raised when an old reader would misunderstand it; 2: a row is one condition.
    /// </summary>
    public const int Schema = 2;

    private static readonly string[] Columns =
    [
        "dataset",
        "model",
        "poison_rate",
        "row",
        "condition",
        "pooled",
        "defense",
        "metric",
        "victim",
        "n",
        "mean",
        "std",
        "min",
        "max",
        "disagreeing",
        "damaged",
        "damaged_counted",
        "twin_metric",
        "twin_n",
        "twin_mean",
        "twin_std",
        "youden",
        "best",
        "outcome",
        "not_applicable",
        "failed",
        "timed_out",
        "not_run",
        "reason",
        "published",
        "published_source",
    ];

    /// <summary>The cells as tidy rows, published values in columns of their own.</summary>
    public static string WriteCsv(BoardView view) =>
        Csv.Document(Columns, Pairs(view).Select(pair => Line(view, pair.Row, pair.Defense)));

    /// <summary>The cells with what was asked, where and when.</summary>
    public static string WriteJson(BoardView view, string link, DateTime at) =>
        JsonSerializer.Serialize(
            new
            {
                Schema,
                Kind = "leaderboard",
                Link = link,
                Exported = at,
                view.Board.Filter,
                view.Board.Runs,
                Coverage = new { view.Coverage.Values, view.Coverage.Cells },
                Rows = view.Board.Conditions.Values.Select(row => new
                {
                    row.Id,
                    row.Label,
                    Title = view.Condition(row.Id),
                    Condition = JsonNode.Parse(row.Condition),
                    row.Pooled,
                    Runs = row.RunIds.Count,
                }),
                SharedRows = view.Shared,
                Ranks = view.Ranks.Values.OrderBy(rank => rank.MeanRank),
                Cells = Pairs(view)
                    .Select(pair => new
                    {
                        pair.Row,
                        pair.Defense,
                        view.Board.Find(pair.Row, pair.Defense)?.Value,
                        view.Board.Find(pair.Row, pair.Defense)?.Twin,
                        view.Board.Find(pair.Row, pair.Defense)?.Detection,
                        view.Board.Find(pair.Row, pair.Defense)?.Alarms,
                        view.Board.Find(pair.Row, pair.Defense)?.Youden,
                        view.Board.Find(pair.Row, pair.Defense)?.Change,
                        Damaged = view.Board.Find(pair.Row, pair.Defense)?.Damaged ?? 0,
                        Standing = view.Standing(pair.Row, pair.Defense),
                        Outcomes = view.Board.Find(pair.Row, pair.Defense)?.Outcomes ?? new Dictionary<Outcome, int>(),
                        Reason = view.Board.Find(pair.Row, pair.Defense)?.Reason ?? "",
                        Best = view.IsBest(pair.Row, pair.Defense),
                        Published = view.PublishedOf(pair.Row, pair.Defense)
                            .Select(published => new { published.Value, published.Source }),
                    }),
            },
            SpecJson.Indented
        );

    /// <summary>The table with mean, spread and n; the benign twin's numbers in columns of their own.</summary>
    public static ExportTable Table(BoardView view, bool twins, string link, DateTime at)
    {
        var metric = view.Metric.Metric;
        var columns = view
            .Columns.SelectMany(defense =>
                twins && view.Own.Any(label => label == defense) && HasTwin(view, defense)
                    ? new[] { (defense, Twin: false), (defense, Twin: true) }
                    : [(defense, false)]
            )
            .ToList();
        int[] counts =
        [
            .. view
                .Board.Cells.Where(cell => view.Columns.Contains(cell.Defense))
                .Select(cell => cell.Value?.N)
                .OfType<int>()
                .Distinct()
                .Order(),
        ];
        var n = counts.Length switch
        {
            0 => "no cell has a value",
            1 => FormattableString.Invariant($"n = {counts[0]}"),
            _ => FormattableString.Invariant($"n = {counts[0]} to {counts[^1]}, in brackets"),
        };
        ExportHead head = new(
            string.Join(
                " ",
                new[]
                {
                    $"{BoardWords.Title(view)}: {BoardWords.Setting(view)}. Mean ± standard deviation over seeds, {n}; the best of a row is bold.",
                    BoardWords.Best(view),
                    BoardWords.Counted(view),
                    $"{BoardWords.Coverage(view.Coverage)}.",
                }.Where(part => part.Length > 0)
            ),
            link,
            at,
            [
                view.Board.Filter.Rows == BoardRows.Attacks ? "Attack" : "Precision",
                .. columns.Select(column =>
                    column.Twin ? $"twin {view.Metric.Twin!.ShortName}" : KindWords.Defense(column.Item1)
                ),
            ]
        );
        return new(
            head,
            [
                .. view.Rows.Select(row =>
                    (IReadOnlyList<ExportCell>)
                        [
                            new(
                                string.Join(
                                    "; ",
                                    new[] { view.Name(row), view.Pooled(row) }.Where(part => part.Length > 0)
                                )
                            ),
                            .. columns.Select(column =>
                                column.Twin
                                    ? new ExportCell(
                                        view.Board.Find(row, column.Item1)?.Twin is { } twin
                                            ? Text(view.Metric.Twin!, twin, counts)
                                            : "–"
                                    )
                                    : new ExportCell(
                                        Own(view, row, column.Item1, metric, counts),
                                        view.IsBest(row, column.Item1)
                                    )
                            ),
                        ]
                ),
            ]
        );
    }

    private static bool HasTwin(BoardView view, string defense) =>
        view.Board.Cells.Any(cell => cell.Defense == defense && cell.Twin is not null);

    private static string Own(BoardView view, string row, string defense, Metric metric, int[] counts)
    {
        var own = view.Board.Find(row, defense)?.Value is { } value
            ? Text(metric, value, counts)
            : BoardWords.Of(view, row, defense).Main;
        return string.Join(
            "; ",
            view.PublishedOf(row, defense)
                .Select(published => $"published {Numbers.Format(metric, published.Value)}")
                .Prepend(own)
        );
    }

    private static string Text(Metric metric, SeedStat stat, int[] counts) =>
        SeedWords.Number(metric, stat)
        + (counts.Length > 1 ? FormattableString.Invariant($" ({stat.N})") : "")
        + (SeedWords.Disagreement(metric, stat) is { Length: > 0 } disagreement ? $", {disagreement}" : "");

    private static IEnumerable<(string Row, string Defense)> Pairs(BoardView view) =>
        view.Rows.SelectMany(row => view.Columns.Select(defense => (row, defense)));

    private static IEnumerable<object?> Line(BoardView view, string row, string defense)
    {
        var cell = view.Board.Find(row, defense);
        int Count(Outcome outcome) => cell?.Outcomes.GetValueOrDefault(outcome) ?? 0;
        var published = view.PublishedOf(row, defense).ToList();
        var filter = view.Board.Filter;
        return
        [
            filter.Dataset,
            filter.Model,
            filter.PoisonRate,
            view.Board.LabelOf(row),
            view.Condition(row),
            view.Pooled(row),
            defense,
            filter.Metric,
            VictimName.Of(filter.Victim),
            .. Stat(cell?.Value),
            cell?.Value?.Minimum,
            cell?.Value?.Maximum,
            cell?.Value?.Disagreeing,
            cell?.Damaged,
            filter.Damaged ? "yes" : "no",
            filter.TwinMetric,
            .. Stat(cell?.Twin),
            cell?.Youden?.Mean,
            view.IsBest(row, defense) ? "yes" : "no",
            cell?.Value is null ? MatrixWords.OutcomeText(cell?.Outcome ?? Outcome.NotRun) : "value",
            Count(Outcome.NotApplicable),
            Count(Outcome.Failed),
            Count(Outcome.TimedOut),
            Count(Outcome.NotRun),
            cell?.Reason,
            published.Count > 0 ? published[0].Value : null,
            string.Join("; ", published.Select(entry => entry.Source).Distinct()),
        ];

        static IEnumerable<object?> Stat(SeedStat? stat) => [stat?.N, stat?.Mean, stat?.StandardDeviation];
    }
}
