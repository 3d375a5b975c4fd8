using System.Globalization;
using BackdoorLab.Data;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Web.Shared.Words;

namespace BackdoorLab.Web.Features.Compare;

/// <summary>A run's number beside the baseline's.</summary>
/// <param name="Cell">The cell, or null when the run did not plan it.</param>
/// <param name="Number">The measurement, or null.</param>
/// <param name="Delta">Difference from the baseline, or null for the baseline and where one of both has no
/// number.</param>
public sealed record CompareValue(CellResult? Cell, Measurement? Number, double? Delta);

/// <summary>A number of several runs.</summary>
/// <param name="Defense">Label of the defense, empty for the undefended model.</param>
/// <param name="Values">One for each run.</param>
public sealed record CompareRow(string Defense, Metric Metric, IReadOnlyList<CompareValue> Values);

/// <summary>
/// Runs side by side as they are read: their numbers at one precision on one of the two models, against a baseline.
/// </summary>
public sealed class CompareView
{
    private static readonly Metric[] Main =
    [
        Metric.CleanAccuracy,
        Metric.AttackSuccessRate,
        Metric.AttackSuccessGain,
        Metric.RobustAccuracy,
        Metric.DetectionRate,
        Metric.FalsePositiveRate,
        Metric.SampleDetectionRate,
        Metric.SampleFalsePositiveRate,
        Metric.SampleAuroc,
        Metric.DefenseEffectiveness,
        Metric.FilteredAttackSuccessRate,
        Metric.Flagged,
        Metric.DetectorScore,
        Metric.OverheadSeconds,
    ];

    /// <summary>Makes the view.</summary>
    /// <param name="comparison">Runs.</param>
    /// <param name="baseline">Id of the baseline; the first run when it is unknown.</param>
    /// <param name="victim">Which model.</param>
    /// <param name="precision">Which precision; the first that occurs when it is unknown.</param>
    /// <param name="all">Every metric instead of the usual ones.</param>
    public CompareView(Comparison comparison, string? baseline, Victim victim, string? precision, bool all)
    {
        Runs = comparison.Runs;
        Missing = comparison.Missing;
        Victim = victim;
        Baseline = Math.Max(0, Runs.ToList().FindIndex(run => run.Run.Id == baseline));
        Precisions =
        [
            .. Runs.SelectMany(run => run.Cells.Select(cell => cell.Id.Precision)).Distinct().OrderBy(KindWords.Rank),
        ];
        Precision =
            precision is not null && Precisions.Contains(precision) ? precision
            : Precisions.Count > 0 ? Precisions[0]
            : "";
        Settings = SettingRow.Read(Runs);
        Rows = MakeRows(all);
    }

    /// <summary>In the order of the address.</summary>
    public IReadOnlyList<ComparedRun> Runs { get; }

    /// <summary>Ids of which there is no run.</summary>
    public IReadOnlyList<string> Missing { get; }

    /// <summary>Place of the baseline.</summary>
    public int Baseline { get; }

    /// <summary>Which model.</summary>
    public Victim Victim { get; }

    /// <summary>Which precision.</summary>
    public string Precision { get; }

    /// <summary>All that occur.</summary>
    public IReadOnlyList<string> Precisions { get; }

    /// <summary>All settings; those that differ say so.</summary>
    public IReadOnlyList<SettingRow> Settings { get; }

    /// <summary>Numbers, by defense and metric.</summary>
    public IReadOnlyList<CompareRow> Rows { get; }

    /// <summary>A run's place for people and charts: "#1".</summary>
    public static string Place(int index) => $"#{(index + 1).ToString(CultureInfo.InvariantCulture)}";

    /// <summary>
    /// "▲ +2.0" in the unit of the metric; shares in percentage points. Empty without a difference to tell.
    /// </summary>
    public static string Delta(Metric metric, double? delta)
    {
        if (delta is not { } change)
        {
            return "";
        }

        var size = metric.Unit switch
        {
            MetricUnit.Share or MetricUnit.YesNo => (Math.Abs(change) * 100).ToString(
                "0.0",
                CultureInfo.InvariantCulture
            ),

            // In words a difference below a second would be "<1 s", whatever its size.
            MetricUnit.Seconds => Numbers.Plain(Math.Abs(change)) + " s",
            _ => Numbers.Format(metric, Math.Abs(change)),
        };
        return change switch
        {
            0 => "= 0",
            > 0 => $"▲ +{size}",
            _ => $"▼ −{size}",
        };
    }

    /// <summary>
    /// What a difference means for whoever defends: "better", "worse", or empty where no direction is good.
    /// </summary>
    public static string Judgement(Metric metric, double? delta) =>
        (metric.HigherIsBetter, delta) switch
        {
            (null, _) or (_, null) or (_, 0) => "",
            var (higher, change) => higher == change > 0 ? "better" : "worse",
        };

    /// <summary>A value, or why there is none.</summary>
    public static string Text(Metric metric, CompareValue value) =>
        value switch
        {
            { Number: { } number } => Numbers.Format(metric, number.Value),
            { Cell: null } => "not planned",
            { Cell.Outcome: Outcome.Value } => "–",
            { Cell: { } cell } => MatrixWords.OutcomeText(cell.Outcome),
        };

    private IReadOnlyList<CompareRow> MakeRows(bool all)
    {
        var cells = Runs.Select(run =>
                run.Cells.Where(cell => cell.Id.Victim == Victim && cell.Id.Precision == Precision)
                    .ToDictionary(cell => cell.Id.DefenseLabel)
            )
            .ToList();
        var rows = new List<CompareRow>();
        foreach (var defense in cells.SelectMany(run => run.Keys).Distinct().OrderBy(KindWords.Rank))
        {
            var numbers = cells.ConvertAll(run =>
                run.GetValueOrDefault(defense)?.Measurements.ToDictionary(row => row.Metric) ?? []
            );
            var present = numbers.SelectMany(run => run.Keys).ToHashSet();
            var metrics = all
                ? Main.Concat(MetricCatalog.All).Select(metric => metric.Id).Concat(present).Distinct()
                : Main.Select(metric => metric.Id);
            List<string> shown = [.. metrics.Where(present.Contains)];

            // A defense without any number still says what became of it.
            foreach (var metric in shown.Count > 0 ? shown : [Metric.DetectionRate.Id])
            {
                rows.Add(
                    new(
                        defense,
                        MetricCatalog.Find(metric),
                        [
                            .. numbers.Select(
                                (run, i) =>
                                    Value(cells[i].GetValueOrDefault(defense), run, i, numbers[Baseline], metric)
                            ),
                        ]
                    )
                );
            }
        }

        return rows;
    }

    private CompareValue Value(
        CellResult? cell,
        Dictionary<string, Measurement> own,
        int index,
        Dictionary<string, Measurement> baseline,
        string metric
    )
    {
        var number = own.GetValueOrDefault(metric);
        return new(cell, number, index == Baseline ? null : number?.Value - baseline.GetValueOrDefault(metric)?.Value);
    }
}
