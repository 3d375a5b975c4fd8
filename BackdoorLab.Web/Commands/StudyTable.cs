using System.Globalization;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Studies;
using BackdoorLab.Web.Features.Studies;

namespace BackdoorLab.Web.Commands;

/// <summary>
/// A study's report as Markdown tables: one row a defense and precision, shares with their intervals, n and the change
/// from FP32.
/// </summary>
internal static class StudyTable
{
    private static readonly Metric[] Columns =
    [
        Metric.DetectionRate,
        Metric.FalsePositiveRate,
        Metric.Auroc,
        Metric.DetectionRateAtFivePercent,
        Metric.TargetLabelHit,
        Metric.SampleDetectionRate,
        Metric.SampleFalsePositiveRate,
        Metric.SampleAuroc,
        Metric.CleanAccuracy,
        Metric.AttackSuccessRate,
        Metric.AttackSuccessGain,
        Metric.BenignCleanAccuracy,
        Metric.BenignAttackSuccessRate,
        Metric.PoisonedShare,
    ];

    internal static void Write(StudyReport report, TextWriter output)
    {
        foreach (var setting in report.Settings)
        {
            output.WriteLine($"### {setting.Title}");
            output.WriteLine();
            MarkdownTable.Write(
                [
                    "Defense",
                    "Precision",
                    "n",
                    "Not decidable",
                    .. Columns.Select(column => column.ShortName),
                    "Change from FP32",
                    "Seconds",
                    "",
                ],
                setting.Cells.Select(Row),
                output
            );
            output.WriteLine();
            Particulars(setting, output);
        }

        if (report.Findings.Count > 0)
        {
            output.WriteLine("### The paper says, this study measured");
            output.WriteLine();
            MarkdownTable.Write(
                ["Claim", "Setting", "Measured", "Why"],
                report.Findings.Select(finding =>
                    (string[])
                        [finding.Claim, finding.Setting, finding.Measured is { } value ? Value(value) : "", finding.Why]
                ),
                output
            );
            output.WriteLine();
        }

        var total = report.Seconds.Values.Sum();
        output.WriteLine(
            "Seconds by stage: "
                + string.Join(
                    ", ",
                    report
                        .Seconds.OrderByDescending(stage => stage.Value)
                        .Select(stage =>
                            string.Create(
                                CultureInfo.InvariantCulture,
                                $"{stage.Key} {stage.Value:0} ({stage.Value / Math.Max(total, 1e-9):P0})"
                            )
                        )
                )
                + string.Create(CultureInfo.InvariantCulture, $"; {total:0} in all.")
        );
        foreach (var remark in report.Remarks)
        {
            output.WriteLine("* " + remark);
        }
    }

    // Schedules and limits of all methods; released rules stand behind the methods themselves.
    private static void Particulars(StudySetting setting, TextWriter output)
    {
        List<ParticularRow> rows =
        [
            .. StudyParticulars.Rows(setting, released: false),
            .. StudyParticulars.Rows(setting, released: true),
        ];
        if (rows.Count > 0)
        {
            MarkdownTable.Write(
                ["Defense", "Schedules and limits", .. setting.Precisions],
                rows.Select(row => (string[])[row.Defense, row.Name, .. row.Cells]),
                output
            );
            output.WriteLine();
        }
    }

    private static string[] Row(StudyCell cell) =>
        [
            cell.Defense ?? "(none)",
            cell.Precision,
            $"{cell.Count(Victim.Backdoored)} + {cell.Count(Victim.Benign)}",
            cell.Role == StudyRole.Models
                ? $"{cell.Undecided(Victim.Backdoored).Count()} + {cell.Undecided(Victim.Benign).Count()}"
                : "",
            .. Columns.Select(column => cell.Counted(column.Id) is { } value ? Value(value) : ""),
            Change(cell),
            cell.Values.TryGetValue(Metric.OverheadSeconds.Id, out var seconds)
                ? seconds.Value.ToString("0.0", CultureInfo.InvariantCulture)
                : "",
            Mark(cell),
        ];

    private static string Change(StudyCell cell)
    {
        var metric = cell.Role switch
        {
            StudyRole.Undefended or StudyRole.Repair => Metric.AttackSuccessRate,
            StudyRole.Models => Metric.DetectionRate,
            _ => Metric.SampleDetectionRate,
        };
        return cell.Changes.TryGetValue(metric.Id, out var change)
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{metric.ShortName} {100 * change.Difference.Value:+0.0;-0.0;0.0}"
            )
                + Interval(change.Difference)
                + (change.PValue is { } p ? string.Create(CultureInfo.InvariantCulture, $", p {p:0.00}") : "")
                + (change.Undecided is { } silent and > 0 ? $", {silent} not decidable left out" : "")
            : "";
    }

    private static string Mark(StudyCell cell) =>
        string.Join(
            "; ",
            cell.Outcomes.Where(outcome => outcome.Outcome != Results.Outcome.Value)
                .CountBy(outcome => outcome.Outcome)
                .Select(count => $"{count.Value} {count.Key}")
                .Concat(cell.AccuracyLost is not null ? ["damaged model"] : [])
        );

    private static string Value(StudyValue value) =>
        string.Create(CultureInfo.InvariantCulture, $"{100 * value.Value:0.0}") + Interval(value);

    private static string Interval(StudyValue value) =>
        value is { Low: { } low, High: { } high }
            ? string.Create(CultureInfo.InvariantCulture, $" [{100 * low:0.0}, {100 * high:0.0}]")
            : "";
}
