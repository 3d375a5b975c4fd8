using BackdoorLab.Data;
using BackdoorLab.Web.Shared.Charts;
using BackdoorLab.Web.Shared.Words;
using Plotly.Blazor;

namespace BackdoorLab.Web.Features.Compare;

/// <summary>What of a training curve is drawn.</summary>
/// <param name="Id">Name in the address.</param>
/// <param name="Text">On the switch.</param>
/// <param name="Axis">On the axis.</param>
/// <param name="Value">The number.</param>
public sealed record CurveMeasure(string Id, string Text, string Axis, Func<TrainingPoint, double?> Value);

/// <summary>Training curves of several runs over each other; of many runs, their mean and range.</summary>
public static class CompareCurves
{
    /// <summary>Most traces that can be told apart.</summary>
    public const int MostTraces = 20;

    private static readonly string?[] Dashes = [null, "dot", "dash", "dashdot"];

    /// <summary>What can be drawn.</summary>
    public static IReadOnlyList<CurveMeasure> Measures { get; } =
    [
        new("clean-accuracy", "CA", "clean accuracy", row => row.CleanAccuracy),
        new("attack-success-rate", "ASR", "attack success rate", row => row.AttackSuccessRate),
        new("loss", "Loss", "mean training loss", row => row.Loss),
    ];

    /// <summary>The chart, or null when no run has the curve.</summary>
    public static ChartModel? Build(CompareView view, CurveMeasure measure, ChartPalette palette)
    {
        var curves = Curves(view, measure);
        if (curves.Count == 0)
        {
            return null;
        }

        var lines = curves.Count <= MostTraces ? curves : Aggregate(curves);
        var traces = lines.Select(
            (line, i) =>
                ChartParts.Line(
                    line.Name,
                    ChartParts.Values(line.Points.Select(point => (double?)point.Epoch)),
                    ChartParts.Values(line.Points.Select(point => point.Value)),
                    palette.At(i),
                    Dashes[i / palette.Series.Count % Dashes.Length],
                    line.Points.Count <= 60
                )
        );
        return new(
            [.. traces.Cast<ITrace>()],
            ChartParts.Layout(palette, "epoch", measure.Axis, shares: measure.Id != "loss"),
            new(
                ["Curve", "Epoch", measure.Axis],
                [
                    .. lines.SelectMany(line =>
                        line.Points.Select(point =>
                            (IReadOnlyList<string>)
                                [line.Name, ChartParts.Number(point.Epoch), ChartParts.Number(point.Value)]
                        )
                    ),
                ]
            )
        );
    }

    /// <summary>What the chart leaves out or puts together.</summary>
    public static string Note(CompareView view, CurveMeasure measure)
    {
        var curves = Curves(view, measure);
        var without = view.Runs.Count - curves.Count;
        string[] parts =
        [
            curves.Count > MostTraces
                ? $"Aggregated: {curves.Count} runs are more than the {MostTraces} curves that can be told apart, so these are "
                    + (
                        Conditions(curves) == 1
                            ? "mean, lowest and highest over runs."
                            : $"lowest and highest over runs; they are of {Conditions(curves)} conditions, which have no mean."
                    )
                : "",
            curves.Exists(curve => curve.Thinned)
                ? $"Curves are thinned to {Decimation.MostPoints:#,0} points; each stretch keeps its lowest and highest."
                : "",
            without > 0
                ? $"{Numbers.Count(without, "run")} without this curve: the model came from the store or has not trained yet."
                : "",
        ];
        return string.Join(" ", parts.Where(part => part.Length > 0));
    }

    private static List<Line> Curves(CompareView view, CurveMeasure measure) =>
        [
            .. view
                .Runs.Select((run, i) => (run, i))
                .Select(entry =>
                    (
                        entry.run,
                        entry.i,
                        Rows: entry
                            .run.Curve.Where(row => row.Victim == view.Victim && measure.Value(row) is not null)
                            .ToList()
                    )
                )
                .Where(entry => entry.Rows.Count > 0)
                .Select(entry =>
                {
                    var thin = Decimation.Thin(entry.Rows, measure.Value);
                    return new Line(
                        $"{CompareView.Place(entry.i)} {RunWords.Name(entry.run.Run)}, seed {entry.run.Run.Seed}",
                        [.. thin.Select(row => new Point(row.Epoch, measure.Value(row)))],
                        thin.Count < entry.Rows.Count,
                        entry.run.Run.ConditionKey
                    );
                }),
        ];

    private static List<Line> Aggregate(IReadOnlyList<Line> curves)
    {
        var epochs = curves
            .SelectMany(curve => curve.Points)
            .GroupBy(point => point.Epoch)
            .OrderBy(group => group.Key)
            .Select(group => (group.Key, Values: group.Select(point => point.Value!.Value).ToList()))
            .ToList();
        Line Of(string name, Func<List<double>, double> fold)
        {
            List<Point> points = [.. epochs.Select(epoch => new Point(epoch.Key, fold(epoch.Values)))];
            return new(
                $"{name} of {curves.Count} runs",
                Decimation.Thin(points, point => point.Value),
                points.Count > Decimation.MostPoints,
                ""
            );
        }

        return
        [
            .. Conditions(curves) == 1 ? [Of("mean", values => values.Average())] : Array.Empty<Line>(),
            Of("lowest", values => values.Min()),
            Of("highest", values => values.Max()),
        ];
    }

    private static int Conditions(IEnumerable<Line> curves) =>
        curves.Select(curve => curve.Condition).Distinct().Count();

    private sealed record Line(string Name, IReadOnlyList<Point> Points, bool Thinned, string Condition);

    private sealed record Point(int Epoch, double? Value);
}
