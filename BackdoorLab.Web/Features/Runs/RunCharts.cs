using BackdoorLab.Data;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Web.Shared.Charts;
using BackdoorLab.Web.Shared.Words;
using Plotly.Blazor;

namespace BackdoorLab.Web.Features.Runs;

/// <summary>Charts of one run's rows.</summary>
public static class RunCharts
{
    private static readonly Victim[] Victims = Enum.GetValues<Victim>();

    /// <summary>Training loss of both models.</summary>
    public static ChartModel Loss(IReadOnlyList<TrainingPoint> curve, ChartPalette palette, string unit = "epoch") =>
        new(
            [
                .. Present(curve)
                    .Select(
                        (victim, i) =>
                            Curve(curve, victim, row => row.Loss, CellWords.Model(victim), palette.At(i), null)
                    ),
            ],
            ChartParts.Layout(palette, unit, "mean training loss"),
            Table(curve, [("Loss", row => ChartParts.Number(row.Loss))])
        );

    /// <summary>Clean accuracy (solid) and attack success rate (dotted) of both models.</summary>
    public static ChartModel Rates(IReadOnlyList<TrainingPoint> curve, ChartPalette palette, string unit = "epoch")
    {
        (string Name, Func<TrainingPoint, double?> Value)[] rates =
        [
            ("CA", row => row.CleanAccuracy),
            ("ASR", row => row.AttackSuccessRate),
        ];
        // A rate that is defined in no epoch has no line: the twin's training knows no attack.
        var traces = Present(curve)
            .SelectMany(
                (victim, i) =>
                    rates
                        .Index()
                        .Where(rate => curve.Any(row => row.Victim == victim && rate.Item.Value(row) is not null))
                        .Select(rate =>
                            Curve(
                                curve,
                                victim,
                                rate.Item.Value,
                                $"{rate.Item.Name}, {CellWords.Model(victim).ToLowerInvariant()}",
                                palette.At((i * 2) + rate.Index),
                                i == 0 ? null : "dash"
                            )
                        )
            );
        return new(
            [.. traces],
            ChartParts.Layout(palette, unit, "", shares: true),
            Table(curve, [("CA", row => Share(row.CleanAccuracy)), ("ASR", row => Share(row.AttackSuccessRate))])
        );
    }

    /// <summary>CA and ASR of the undefended models per precision, with their 95 % intervals.</summary>
    public static ChartModel Precisions(
        IReadOnlyList<CellResult> undefended,
        IReadOnlyList<string> precisions,
        ChartPalette palette
    )
    {
        (Victim Victim, Metric Metric)[] series =
        [
            (Victim.Backdoored, Metric.CleanAccuracy),
            (Victim.Backdoored, Metric.AttackSuccessRate),
            (Victim.Benign, Metric.CleanAccuracy),
            (Victim.Benign, Metric.AttackSuccessRate),
        ];
        return PrecisionBars.Build(
            precisions,
            (one, precision) =>
                Row(undefended, series[one].Victim, precision, series[one].Metric) is { } row
                    ? new(row.Value, row.Low, row.High)
                    : null,
            palette
        );
    }

    private static IEnumerable<Victim> Present(IReadOnlyList<TrainingPoint> curve) =>
        Victims.Where(victim => curve.Any(row => row.Victim == victim));

    private static Measurement? Row(IEnumerable<CellResult> cells, Victim victim, string precision, Metric metric) =>
        cells
            .FirstOrDefault(cell => cell.Id.Victim == victim && cell.Id.Precision == precision)
            ?.Measurements.FirstOrDefault(row => row.Metric == metric.Id);

    private static ITrace Curve(
        IEnumerable<TrainingPoint> curve,
        Victim victim,
        Func<TrainingPoint, double?> value,
        string name,
        string color,
        string? dash
    )
    {
        var rows = curve.Where(row => row.Victim == victim).ToList();
        return ChartParts.Line(
            name,
            ChartParts.Values(rows.Select(row => (double?)row.Epoch)),
            ChartParts.Values(rows.Select(value)),
            color,
            dash,
            rows.Count <= 60
        );
    }

    private static ChartTable Table(
        IEnumerable<TrainingPoint> curve,
        (string Name, Func<TrainingPoint, string> Value)[] columns
    ) =>
        new(
            ["Model", "Epoch", .. columns.Select(column => column.Name)],
            [
                .. curve.Select(row =>
                    (IReadOnlyList<string>)
                        [
                            CellWords.Model(row.Victim),
                            ChartParts.Number(row.Epoch),
                            .. columns.Select(column => column.Value(row)),
                        ]
                ),
            ]
        );

    private static string Share(double? value) => value is { } share ? Numbers.Percent(share) : "";
}
