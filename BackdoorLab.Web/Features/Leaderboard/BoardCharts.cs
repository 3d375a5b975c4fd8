using BackdoorLab.Data;
using BackdoorLab.Web.Shared.Charts;
using BackdoorLab.Web.Shared.Words;
using Plotly.Blazor.LayoutLib;
using Plotly.Blazor.Traces.ScatterLib.MarkerLib;

namespace BackdoorLab.Web.Features.Leaderboard;

/// <summary>Charts of a leaderboard.</summary>
public static class BoardCharts
{
    // More words and arrows than these hide the points they belong to.
    private const int MostArrows = 40;
    private const int MostWhiskers = 80;

    private static readonly SymbolEnum[] Symbols =
    [
        SymbolEnum.Circle,
        SymbolEnum.Diamond,
        SymbolEnum.Square,
        SymbolEnum.TriangleUp,
        SymbolEnum.Star,
        SymbolEnum.Cross,
        SymbolEnum.X,
        SymbolEnum.Hexagon,
    ];

    /// <summary>
    /// Attack success after a defense against the clean accuracy it cost, with an arrow from the undefended model; null
    /// without a point.
    /// </summary>
    public static ChartModel? Plane(BoardView view, ChartPalette palette)
    {
        var points = Points(view);
        if (points.Count == 0)
        {
            return null;
        }

        var groups = points.GroupBy(point => point.Defense).OrderBy(group => KindWords.Rank(group.Key)).ToList();
        var traces = groups.Select(
            (group, i) =>
                ChartParts.Points(
                    view.Brief(group.Key),
                    ChartParts.Values(group.Select(point => point.Lost)),
                    ChartParts.Values(group.Select(point => point.After)),
                    palette.At(i),
                    Symbols[i % Symbols.Length],
                    points.Count <= MostArrows
                        ? [.. group.Select(point => KindWords.Short(view.Board.LabelOf(point.Row)).Split(' ')[0])]
                        : null,
                    labelsBelow: i % 2 == 1
                )
        );
        var layout = ChartParts.Layout(palette, "clean accuracy lost", "attack success rate after", shares: true);

        // Losses are often a few tenths of a percent; whole ones would repeat on the axis.
        layout.XAxis[0].TickFormat = "~%";
        layout.YAxis[0].Range = [-0.08, 1.14];
        if (points.Count <= MostArrows)
        {
            layout.Annotations =
            [
                .. groups.SelectMany((group, i) => group.Select(point => Arrow(point, palette.At(i)))),
            ];
        }

        var rows = points.Select(point =>
            (IReadOnlyList<string>)
                [
                    view.Name(point.Row),
                    KindWords.Defense(point.Defense),
                    Numbers.Percent(point.Before),
                    Numbers.Percent(point.After),
                    Change(point.Lost),
                    ChartParts.Number(point.N),
                ]
        );
        return new(
            [.. traces],
            layout,
            new(
                [
                    view.Board.Filter.Rows == BoardRows.Attacks ? "Attack" : "Precision",
                    "Defense",
                    "ASR before",
                    "ASR after",
                    "Clean accuracy lost",
                    "n",
                ],
                [.. rows]
            )
        );
    }

    /// <summary>How to read the plane.</summary>
    public static string PlaneNote(BoardView view) =>
        Points(view).Count > MostArrows
            ? $"Means over the runs that have both ends; good is lower left. Names and arrows from the undefended model are left out above {MostArrows} points; the table has them."
            : "Means over the runs that have both ends; good is lower left. An arrow begins at the undefended model of the same runs.";

    /// <summary>The metric by defense, a series for each row; null without a value.</summary>
    public static ChartModel? Bars(BoardView view, ChartPalette palette)
    {
        var rows = view
            .Rows.Where(row => view.Own.Any(defense => view.Board.Find(row, defense)?.Value is not null))
            .ToList();
        if (rows.Count == 0)
        {
            return null;
        }

        IList<object> x = [.. view.Own.Select(defense => (object)ChartParts.Text(view.Brief(defense)))];
        var traces = rows.Select(
            (row, i) =>
            {
                var stats = view.Own.Select(defense => view.Board.Find(row, defense)?.Value).ToList();
                var spread =
                    rows.Count * view.Own.Count <= MostWhiskers
                        ? ChartParts.Values(stats.Select(stat => stat?.StandardDeviation))
                        : null;
                return ChartParts.Bar(
                    view.Name(row, KindWords.Short),
                    x,
                    ChartParts.Values(stats.Select(stat => stat?.Mean)),
                    palette.At(i),
                    opacity: i < palette.Series.Count ? 1 : 0.55m,
                    up: spread,
                    down: spread,
                    ink: palette.Ink
                );
            }
        );
        return new(
            [.. traces],
            ChartParts.Layout(
                palette,
                "",
                view.Metric.IsShare ? "" : view.Metric.Metric.Unit.ToString().ToLowerInvariant(),
                bars: BarModeEnum.Group,
                shares: view.Metric.IsShare
            ),
            new(
                ["", .. view.Own.Select(KindWords.Defense)],
                [
                    .. rows.Select(row =>
                        (IReadOnlyList<string>)
                            [
                                view.Name(row),
                                .. view.Own.Select(defense =>
                                    view.Board.Find(row, defense)?.Value is { } stat
                                        ? $"{SeedWords.Number(view.Metric.Metric, stat)}, n = {stat.N}"
                                        : BoardWords.Of(view, row, defense).Main
                                ),
                            ]
                    ),
                ]
            )
        );
    }

    /// <summary>How to read the bars, and what they leave out.</summary>
    public static string BarsNote(BoardView view)
    {
        string[] parts =
        [
            view.Rows.Count * view.Own.Count <= MostWhiskers
                ? "Whiskers are one standard deviation over seeds."
                : $"Whiskers are left out above {MostWhiskers} bars; the table has the spreads.",
            "A missing bar is a cell without a value.",
            view.Columns.Count > view.Own.Count ? "Published values are in the table above only." : "",
        ];
        return string.Join(" ", parts.Where(part => part.Length > 0));
    }

    // Both ends of an arrow are means over the same runs.
    private static List<Point> Points(BoardView view) =>
        [
            .. from row in view.Rows
            from defense in view
                .Board.Defenses.Where(label => label != KnownLabels.Undefended && !view.Hidden.Contains(label))
                .OrderBy(KindWords.Rank)
            let change = view.Board.Find(row, defense)?.Change
            where change is not null
            select new Point(row, defense, change.Lost.Mean, change.Before.Mean, change.After.Mean, change.Lost.N),
        ];

    private static string Change(double lost) => lost < 0 ? $"gained {Numbers.Percent(-lost)}" : Numbers.Percent(lost);

    private static Annotation Arrow(Point point, string color) =>
        new()
        {
            X = point.Lost,
            Y = point.After,
            Ax = 0.0,
            Ay = point.Before,
            XRef = "x",
            YRef = "y",
            AXref = "x",
            AyRef = "y",
            Text = "",
            ShowArrow = true,
            Arrowhead = 2,
            ArrowSize = 1,
            ArrowWidth = 1.2m,
            ArrowColor = color,
            Standoff = 7,
            Opacity = 0.7m,
        };

    private sealed record Point(string Row, string Defense, double Lost, double Before, double After, int N);
}
