using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Studies;
using BackdoorLab.Web.Shared.Charts;
using BackdoorLab.Web.Shared.Words;
using Plotly.Blazor;
using Plotly.Blazor.LayoutLib;
using Plotly.Blazor.Traces.BoxLib;
using Plotly.Blazor.Traces.BoxLib.MarkerLib;

namespace BackdoorLab.Web.Features.Studies;

/// <summary>Charts of one setting of a study.</summary>
public static class StudyCharts
{
    private static readonly Metric[] Undefended =
    [
        Metric.CleanAccuracy,
        Metric.AttackSuccessRate,
        Metric.BenignCleanAccuracy,
        Metric.BenignAttackSuccessRate,
    ];

    private static readonly (Victim Victim, int Color, SymbolEnum Symbol)[] Kinds =
    [
        (Victim.Backdoored, 1, SymbolEnum.Diamond),
        (Victim.Benign, 0, SymbolEnum.Circle),
    ];

    /// <summary>CA and ASR of the undefended models by precision; null while there is none.</summary>
    public static ChartModel? Rates(StudySetting setting, ChartPalette palette)
    {
        var chart = PrecisionBars.Build(
            setting.Precisions,
            (one, precision) =>
                setting.Find(precision, null)?.Values.GetValueOrDefault(Undefended[one].Id) is { } value
                    ? new(value.Value, value.Low, value.High, value.N)
                    : null,
            palette
        );
        return chart.Traces.Count > 0 ? chart : null;
    }

    /// <summary>
    /// Scores of single models by precision: every model a point, and a box for their quartiles; null where there are
    /// none.
    /// </summary>
    public static ChartModel? Scores(IReadOnlyList<StudyCell> row, ChartPalette palette)
    {
        List<StudyCell> cells = [.. row.Where(cell => cell.Scores.Count > 0)];
        if (cells.Count == 0)
        {
            return null;
        }

        var layout = ChartParts.Layout(palette, "", MetricCatalog.Find(cells[0].ScoreMetric).Name.ToLowerInvariant());
        layout.BoxMode = BoxModeEnum.Group;
        layout.XAxis[0].Type = Plotly.Blazor.LayoutLib.XAxisLib.TypeEnum.Category;
        layout.XAxis[0].TickAngle = 0;
        layout.Shapes =
        [
            .. cells
                .Index()
                .Where(entry => entry.Item.Threshold is not null)
                .Select(entry => Cut(palette, entry.Index, entry.Item.Threshold!.Value)),
        ];
        return new(
            [.. Kinds.Select(kind => Boxes(cells, kind.Victim, palette.At(kind.Color), kind.Symbol))],
            layout,
            Table(cells)
        );
    }

    private static Plotly.Blazor.Traces.Box Boxes(
        IEnumerable<StudyCell> cells,
        Victim victim,
        string color,
        SymbolEnum symbol
    )
    {
        var points = cells
            .SelectMany(cell =>
                cell.Scores.Where(score => score.Victim == victim)
                    .Select(score => (cell.Precision, score.Score, score.Seed))
            )
            .ToList();
        return new()
        {
            Name = ChartParts.Text(CellWords.Model(victim)),
            X = [.. points.Select(point => (object)ChartParts.Category(KindWords.Short(point.Precision)))],
            Y = ChartParts.Values(points.Select(point => point.Score)),
            TextArray = [.. points.Select(point => FormattableString.Invariant($"seed {point.Seed}"))],
            BoxPoints = BoxPointsEnum.All,
            PointPos = 0,
            Jitter = 0.5m,
            Line = new Plotly.Blazor.Traces.BoxLib.Line { Color = color, Width = 1.5m },
            Marker = new Marker
            {
                Color = color,
                Size = 6,
                Symbol = symbol,
                Opacity = 0.75m,
            },
        };
    }

    // Each precision has a threshold of its own; categories stand at 0, 1, 2, ... of their axis.
    private static Shape Cut(ChartPalette palette, int place, double threshold)
    {
        var line = ChartParts.Threshold(palette, null, threshold);
        (line.XRef, line.X0, line.X1) = ("x", place - 0.46, place + 0.46);
        return line;
    }

    private static ChartTable Table(IEnumerable<StudyCell> cells) =>
        new(
            ["Precision", "Model", "Seed", "Score", "Threshold", "Verdict"],
            [
                .. cells.SelectMany(cell =>
                    cell.Scores.Select(score =>
                        (IReadOnlyList<string>)
                            [
                                KindWords.Label(cell.Precision),
                                CellWords.Model(score.Victim),
                                FormattableString.Invariant($"{score.Seed}"),
                                ChartParts.Number(score.Score),
                                ChartParts.Number(cell.Threshold),
                                StudyWords.Verdict(score.Victim, score.Decision).Text,
                            ]
                    )
                ),
            ]
        );
}
