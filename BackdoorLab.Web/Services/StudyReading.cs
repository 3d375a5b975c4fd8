using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Studies;

namespace BackdoorLab.Web.Services;

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
        (Metric.SampleAuroc, "AUROC (samples)"),
        (Metric.DetectionRateAtFivePercent, "TPR@5%"),
        (Metric.TargetLabelHit, "Target hit"),
        (Metric.AttackSuccessRate, "ASR"),
        (Metric.CleanAccuracy, "CA"),
    ];

    /// <summary>The metrics that the table can show, with the word on their button; that of samples only where there are any.</summary>
    public static IReadOnlyList<(Metric Metric, string Text)> Metrics(StudySetting setting) =>
        [.. Switch.Where(choice => choice.Metric != Metric.SampleAuroc || setting.Cells.Any(cell => cell.Values.ContainsKey(Metric.SampleAuroc.Id)))];

    /// <summary>The settings by name; one that repeats another's name is numbered.</summary>
    public static IReadOnlyList<(string Title, StudySetting Setting)> Settings(StudyReport report) =>
    [
        .. report.Settings.Select((setting, i) => (
            report.Settings.Take(i).Count(earlier => earlier.Title == setting.Title) is var twins and > 0
                ? FormattableString.Invariant($"{setting.Title} ({twins + 1})")
                : setting.Title,
            setting)),
    ];

    /// <summary>Whether the study has methods as a paper's released code runs them.</summary>
    public static bool HasReleased(StudyReport report) => report.Settings.Any(setting => setting.Cells.Any(cell => cell.ReleasedVariantOf is not null));

    /// <summary>The undefended models, then the defenses: the methods themselves, or the rules of released code.</summary>
    public static IReadOnlyList<StudyRow> Rows(StudySetting setting, bool released) =>
    [
        .. setting.Defenses.Prepend(null)
            .Select(defense => (Defense: defense, Cells: setting.Precisions.Select(precision => setting.Find(precision, defense)).ToList()))
            .Where(row => row.Cells.Any(cell => cell is not null && (row.Defense is null || cell.ReleasedVariantOf is not null == released)))
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
            StudyRole.Undefended or StudyRole.Repair => metric == Metric.AttackSuccessRate.Id || metric == Metric.CleanAccuracy.Id,
            StudyRole.Models => Judging(metric) is not null || metric == Metric.Auroc.Id || metric == Metric.DetectionRateAtFivePercent.Id || metric == Metric.TargetLabelHit.Id,
            _ => Judging(metric) is not null,
        };
    }

    /// <summary>
    /// A cell's value. Released code counts a model on which the method fails or does not apply as one that was not flagged, so those cells
    /// do too; elsewhere an error is no observation.
    /// </summary>
    public static StudyValue? Value(StudyCell cell, string metric)
    {
        var measured = cell.Values.GetValueOrDefault(metric);
        var errors = ErrorsCounted(cell, metric);
        if (errors == 0)
        {
            return measured;
        }

        var (mean, n) = (measured?.Value ?? 0, measured?.N ?? 0);
        if (cell.Role != StudyRole.Models)
        {
            // The shares of single models are not in the report, so the interval over all of them is not known.
            return new(mean * n / (n + errors), null, null, n + errors);
        }

        var share = new Share((int)Math.Round(mean * n), n + errors);
        return new(share.Value, share.Interval.Low, share.Interval.High, share.Count);
    }

    /// <summary>Models without a value that this cell's rate counts as not flagged.</summary>
    public static int ErrorsCounted(StudyCell cell, string metric) => cell.ReleasedVariantOf is not null && Judging(metric) is { } victim
        ? cell.Outcomes.Count(outcome => outcome.Victim == victim && outcome.Outcome is not (Outcome.Value or Outcome.NotRun))
        : 0;

    /// <summary>The models that a metric is about.</summary>
    public static IEnumerable<StudyOutcome> Models(StudyCell cell, string metric)
    {
        Victim? only = metric == Metric.Auroc.Id || metric == Metric.DetectionRateAtFivePercent.Id ? null
            : metric == Metric.FalsePositiveRate.Id || metric.StartsWith(Metric.Twins, StringComparison.Ordinal) ? Victim.Benign
            : Victim.Backdoored;
        return cell.Outcomes.Where(outcome => only is null || outcome.Victim == only);
    }

    // The models whose flags a rate of the method's own rule counts.
    private static Victim? Judging(string metric) =>
        metric == Metric.DetectionRate.Id ? Victim.Backdoored : metric == Metric.FalsePositiveRate.Id ? Victim.Benign : null;
}
