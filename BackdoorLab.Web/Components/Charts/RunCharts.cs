using BackdoorLab.Data;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Web.Services;
using Plotly.Blazor;
using Plotly.Blazor.LayoutLib;

namespace BackdoorLab.Web.Components.Charts;

/// <summary>Charts of one run's rows.</summary>
public static class RunCharts
{
    private static readonly string[] Victims = [ResultWords.Backdoored, ResultWords.Benign];

    /// <summary>Training loss of both models.</summary>
    public static ChartModel Loss(IReadOnlyList<CurveRow> curve, ChartPalette palette) => new(
        [.. Present(curve).Select((victim, i) => Curve(curve, victim, row => row.Loss, CellWords.Victim(victim), palette.At(i), null))],
        ChartParts.Layout(palette, "epoch", "mean training loss"),
        Table(curve, [("Loss", row => ChartParts.Number(row.Loss))]));

    /// <summary>Clean accuracy (solid) and attack success rate (dotted) of both models.</summary>
    public static ChartModel Rates(IReadOnlyList<CurveRow> curve, ChartPalette palette)
    {
        var traces = Present(curve).SelectMany((victim, i) => new[]
        {
            Curve(curve, victim, row => row.CleanAccuracy, $"CA, {CellWords.Victim(victim).ToLowerInvariant()}", palette.At(i * 2), i == 0 ? null : "dash"),
            Curve(curve, victim, row => row.AttackSuccessRate, $"ASR, {CellWords.Victim(victim).ToLowerInvariant()}", palette.At((i * 2) + 1), i == 0 ? null : "dash"),
        });
        return new(
            [.. traces],
            ChartParts.Layout(palette, "epoch", "", shares: true),
            Table(curve, [("CA", row => Share(row.CleanAccuracy)), ("ASR", row => Share(row.AttackSuccessRate))]));
    }

    /// <summary>CA and ASR of the undefended models per precision, with their 95 % intervals.</summary>
    public static ChartModel Precisions(IReadOnlyList<CellRow> undefended, IReadOnlyList<string> precisions, ChartPalette palette)
    {
        (string Victim, Metric Metric, string Name)[] series =
        [
            (ResultWords.Backdoored, Metric.CleanAccuracy, "CA, backdoored"),
            (ResultWords.Backdoored, Metric.AttackSuccessRate, "ASR, backdoored"),
            (ResultWords.Benign, Metric.CleanAccuracy, "CA, benign twin"),
            (ResultWords.Benign, Metric.AttackSuccessRate, "ASR, benign twin"),
        ];
        IList<object> x = [.. precisions.Select(precision => (object)ChartParts.Text(KindWords.Short(precision)))];
        var traces = new List<ITrace>();
        foreach (var ((victim, metric, name), i) in series.Select((entry, i) => (entry, i)))
        {
            var rows = precisions.Select(precision => Row(undefended, victim, precision, metric)).ToList();
            if (rows.Any(row => row is not null))
            {
                traces.Add(ChartParts.Bar(
                    name, x, ChartParts.Values(rows.Select(row => row?.Value)), palette.At(i), opacity: i < 2 ? 1 : 0.55m,
                    up: ChartParts.Values(rows.Select(row => row?.High - row?.Value)), down: ChartParts.Values(rows.Select(row => row?.Value - row?.Low))));
            }
        }

        var table = precisions.Select(precision => (IReadOnlyList<string>)
            [KindWords.Label(precision), .. series.Select(entry => Row(undefended, entry.Victim, precision, entry.Metric) is { } row ? Numbers.Percent(row.Value) : "–")]);
        var layout = ChartParts.Layout(palette, "", "", bars: BarModeEnum.Group, shares: true);
        return new(traces, layout, new(["Precision", .. series.Select(entry => entry.Name)], [.. table]));
    }

    private static IEnumerable<string> Present(IReadOnlyList<CurveRow> curve) => Victims.Where(victim => curve.Any(row => row.Victim == victim));

    private static MeasurementRow? Row(IEnumerable<CellRow> cells, string victim, string precision, Metric metric) => cells
        .FirstOrDefault(cell => cell.Key.Victim == victim && cell.Key.Precision == precision)?
        .Measurements.FirstOrDefault(row => row.Metric == metric.Id);

    private static ITrace Curve(IEnumerable<CurveRow> curve, string victim, Func<CurveRow, double?> value, string name, string color, string? dash)
    {
        var rows = curve.Where(row => row.Victim == victim).ToList();
        return ChartParts.Line(name, ChartParts.Values(rows.Select(row => (double?)row.Epoch)), ChartParts.Values(rows.Select(value)), color, dash, rows.Count <= 60);
    }

    private static ChartTable Table(IEnumerable<CurveRow> curve, (string Name, Func<CurveRow, string> Value)[] columns) => new(
        ["Model", "Epoch", .. columns.Select(column => column.Name)],
        [.. curve.Select(row => (IReadOnlyList<string>)[CellWords.Victim(row.Victim), ChartParts.Number(row.Epoch), .. columns.Select(column => column.Value(row))])]);

    private static string Share(double? value) => value is { } share ? Numbers.Percent(share) : "";
}
