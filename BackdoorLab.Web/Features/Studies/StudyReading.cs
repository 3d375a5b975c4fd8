using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Studies;

namespace BackdoorLab.Web.Features.Studies;

/// <summary>A defense at every precision of its setting.</summary>
/// <param name="Defense">Label, or null for the undefended models.</param>
/// <param name="Role">What its rates count.</param>
/// <param name="Cells">In the order of the setting's precisions; null where the pair was not planned.</param>
public sealed record StudyRow(string? Defense, StudyRole Role, IReadOnlyList<StudyCell?> Cells);

/// <summary>What of a study is shown: rows of a table, and the value of a cell under the rules of its method.</summary>
public static class StudyReading
{
    private static readonly (Metric Metric, string Text)[] Switch =
    [
        (Metric.DetectionRate, "Detection"),
        (Metric.FalsePositiveRate, "False positives"),
        (Metric.Auroc, "AUROC"),
        (Metric.DetectionRateAtFivePercent, "TPR@5%"),
        (Metric.SampleDetectionRate, "Detection of samples"),
        (Metric.SampleFalsePositiveRate, "False positives of samples"),
        (Metric.SampleAuroc, "AUROC of samples"),
        (Metric.TargetLabelHit, "Target hit"),
        (Metric.AttackSuccessRate, "ASR"),
        (Metric.AttackSuccessGain, "ASR gain"),
        (Metric.CleanAccuracy, "CA"),
    ];

    private static readonly Metric[] OfSamples =
    [
        Metric.SampleDetectionRate,
        Metric.SampleFalsePositiveRate,
        Metric.SampleAuroc,
    ];

    /// <summary>
    /// The metrics that the table can show, with the word on their button; those of samples only where there are any.
    /// </summary>
    public static IReadOnlyList<(Metric Metric, string Text)> Metrics(StudySetting setting) =>
        [
            .. Switch.Where(choice =>
                !OfSamples.Contains(choice.Metric)
                || setting.Cells.Any(cell => cell.Values.ContainsKey(choice.Metric.Id))
            ),
        ];

    /// <summary>
    /// The metric to begin with: the first of those that can be shown which some method of the setting has.
    /// </summary>
    public static Metric First(StudySetting setting)
    {
        List<Metric> metrics = [.. Metrics(setting).Select(choice => choice.Metric)];
        return metrics.Find(metric =>
                setting.Cells.Any(cell =>
                    cell.Defense is not null && (cell.Role == StudyRole.Models || cell.Values.ContainsKey(metric.Id))
                )
            ) ?? metrics[0];
    }

    /// <summary>The settings by name; one that repeats another's name is numbered.</summary>
    public static IReadOnlyList<(string Title, StudySetting Setting)> Settings(StudyReport report) =>
        [
            .. report.Settings.Select(
                (setting, i) =>
                    (
                        report.Settings.Take(i).Count(earlier => earlier.Title == setting.Title) is var twins and > 0
                            ? FormattableString.Invariant($"{setting.Title} ({twins + 1})")
                            : setting.Title,
                        setting
                    )
            ),
        ];

    /// <summary>The setting of each run, by the run's id.</summary>
    public static IReadOnlyDictionary<string, string> TitlesOfRuns(StudyReport report) =>
        Settings(report)
            .SelectMany(entry =>
                (entry.Setting.Cells.FirstOrDefault()?.Outcomes ?? [])
                    .Where(model => model.Run.Length > 0)
                    .Select(model => (model.Run, entry.Title))
            )
            .DistinctBy(run => run.Run)
            .ToDictionary(run => run.Run, run => run.Title);

    /// <summary>Whether the study has methods as a paper's released code runs them.</summary>
    public static bool HasReleased(StudyReport report) =>
        report.Settings.Any(setting => setting.Cells.Any(cell => cell.ReleasedVariantOf is not null));

    /// <summary>
    /// The undefended models, then the defenses: the methods themselves, or the rules of released code.
    /// </summary>
    public static IReadOnlyList<StudyRow> Rows(StudySetting setting, bool released) =>
        [
            .. setting
                .Defenses.Prepend(null)
                .Select(defense =>
                    (
                        Defense: defense,
                        Cells: setting.Precisions.Select(precision => setting.Find(precision, defense)).ToList()
                    )
                )
                .Where(row =>
                    row.Cells.Any(cell =>
                        cell is not null && (row.Defense is null || cell.ReleasedVariantOf is not null == released)
                    )
                )
                .Select(row => new StudyRow(row.Defense, row.Cells.First(cell => cell is not null)!.Role, row.Cells)),
        ];

    /// <summary>Whether a row has, or may yet have, values of a metric.</summary>
    public static bool Speaks(StudyRow row, string metric)
    {
        if (row.Cells.Any(cell => cell is not null && cell.Values.ContainsKey(metric)))
        {
            return true;
        }

        return row.Role switch
        {
            StudyRole.Undefended or StudyRole.Repair => metric == Metric.AttackSuccessRate.Id
                || metric == Metric.CleanAccuracy.Id,
            StudyRole.Models => metric == Metric.DetectionRate.Id
                || metric == Metric.FalsePositiveRate.Id
                || metric == Metric.Auroc.Id
                || metric == Metric.DetectionRateAtFivePercent.Id
                || metric == Metric.TargetLabelHit.Id,
            _ => metric == Metric.SampleDetectionRate.Id || metric == Metric.SampleFalsePositiveRate.Id,
        };
    }

    /// <summary>The models that a metric is about.</summary>
    public static IEnumerable<StudyOutcome> Models(StudyCell cell, string metric)
    {
        Victim? only =
            metric == Metric.Auroc.Id || metric == Metric.DetectionRateAtFivePercent.Id ? null
            : StudyCell.Judging(metric) == Victim.Benign || metric.StartsWith(Metric.Twins, StringComparison.Ordinal)
                ? Victim.Benign
            : Victim.Backdoored;
        return cell.Outcomes.Where(outcome => only is null || outcome.Victim == only);
    }
}
