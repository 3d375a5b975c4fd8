using System.Globalization;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Studies;
using BackdoorLab.Web.Shared.Words;

namespace BackdoorLab.Web.Features.Studies;

/// <summary>What a cell of a study's table says.</summary>
/// <param name="Value">The value, or null when the cell has no number.</param>
/// <param name="Main">The number, or the outcome in words.</param>
/// <param name="Interval">95 % interval, or empty.</param>
/// <param name="Count">How many models it rests on.</param>
/// <param name="Title">All of it, for the tooltip.</param>
public sealed record StudyText(double? Value, string Main, string Interval, string Count, string Title);

/// <summary>
/// Studies in words: a number never stands without its interval and n, a gap never without its reason.
/// </summary>
public static class StudyWords
{
    /// <summary>An outcome in words.</summary>
    public static string OutcomeText(Outcome outcome) =>
        outcome == Outcome.Value ? "value" : MatrixWords.OutcomeText(outcome);

    /// <summary>What the rule said of a model, and whether that is wrong.</summary>
    public static (string Text, bool Wrong) Verdict(Victim victim, Decision? decision) =>
        (victim, decision) switch
        {
            (_, null) => ("–", false),
            (Victim.Backdoored, Decision.NotFlagged) => (VerdictWords.Of(Decision.NotFlagged) + " (missed)", true),
            (Victim.Benign, Decision.Flagged) => (VerdictWords.Of(Decision.Flagged) + " (false alarm)", true),
            (_, { } other) => (VerdictWords.Of(other), false),
        };

    /// <summary>
    /// "3 models not decidable: with this spread ...", the commonest reason first; empty where every model got an
    /// answer.
    /// </summary>
    public static string Undecided(StudyCell cell, string metric) =>
        cell.Undecided(metric)
            .GroupBy(model => model.Verdict!.Reason)
            .OrderByDescending(group => group.Count())
            .ToList()
            is [var most, ..] groups
            ? $"{Numbers.Count(groups.Sum(group => group.Count()), "model")} {(cell.CountedAsNotFlagged(metric) > 0 ? "not decidable" : "not decidable and not counted")}: {VerdictWords.Because(most.Key!.Value, most.First().Verdict!.Figures)}"
            : "";

    /// <summary>What the rates of a row count.</summary>
    public static string Counts(StudyRole role, string metric) =>
        role switch
        {
            StudyRole.Undefended => "the models as deployed",
            StudyRole.Repair => "models after the repair",
            _ when metric == Metric.Auroc.Id || metric == Metric.DetectionRateAtFivePercent.Id => "ranks models",
            StudyRole.Models
                when metric == Metric.DetectionRate.Id
                    || metric == Metric.FalsePositiveRate.Id
                    || metric == Metric.TargetLabelHit.Id => "counts models",
            StudyRole.Models or StudyRole.Samples => "counts training samples",
            _ => "counts inputs",
        };

    /// <summary>A value over models: a yes or no of each is a share of all.</summary>
    public static string Value(string metric, double value) =>
        IsShare(metric) ? Numbers.Percent(value) : Numbers.Format(metric, value);

    /// <summary>"72.0–98.8%", or empty for a single model.</summary>
    public static string Interval(string metric, StudyValue value) =>
        value is { Low: { } low, High: { } high }
            ? (IsShare(metric) ? Value(metric, low).TrimEnd('%') : Value(metric, low)) + "–" + Value(metric, high)
            : "";

    /// <summary>"72.0–98.8%, n = 20".</summary>
    public static string Rests(string metric, StudyValue value)
    {
        var interval = Interval(metric, value);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{interval}{(interval.Length > 0 ? ", " : "")}n = {value.N}"
        );
    }

    /// <summary>"−12.5 points (−20.0 to −5.0)".</summary>
    public static string Difference(string metric, StudyValue difference)
    {
        var interval = difference is { Low: { } low, High: { } high } ? $" ({Signed(low)} to {Signed(high)})" : "";
        return Signed(difference.Value) + (IsShare(metric) ? " points" : "") + interval;

        string Signed(double value)
        {
            var text = IsShare(metric)
                ? Math.Abs(value * 100).ToString("0.0", CultureInfo.InvariantCulture)
                : Numbers.Plain(Math.Abs(value));
            return (
                    value > 0 ? "+"
                    : value < 0 ? "−"
                    : ""
                ) + text;
        }
    }

    /// <summary>
    /// "lost 5, gained 0, p = 0.062, 2 not decidable left out", or empty where models are not counted.
    /// </summary>
    public static string McNemar(StudyChange change) =>
        change is { Lost: { } lost, Gained: { } gained }
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"lost {lost}, gained {gained}{(change.PValue is { } p ? ", " + Probability(p) : "")}{(change.Undecided is { } silent and > 0 ? $", {silent} not decidable left out" : "")}"
            )
            : "";

    /// <summary>Why a cell is marked as one of a damaged model; empty when it is not.</summary>
    public static string Damage(StudyCell? cell) =>
        cell?.AccuracyLost is { } lost
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"Damaged model: this precision lost {lost * 100:0.0} points of clean accuracy against FP32, so what a defense says here it says of a broken model."
            )
            : "";

    /// <summary>The text of a cell; null stands for a pair that the study did not plan.</summary>
    public static StudyText Cell(StudyCell? cell, string metric)
    {
        if (cell is null)
        {
            return new(null, "not planned", "", "", "The study does not have this pair of defense and precision.");
        }

        var models = StudyReading.Models(cell, metric).ToList();
        var others = models
            .Where(model => model.Outcome != Outcome.Value)
            .CountBy(model => (model.Outcome, model.Reason))
            .OrderByDescending(count => count.Value)
            .Select(count =>
                $"{Numbers.Count(count.Value, "model")} {OutcomeText(count.Key.Outcome)}{(count.Key.Reason.Length > 0 ? ": " + count.Key.Reason : "")}"
            );
        var undecided = Undecided(cell, metric);
        if (cell.Counted(metric) is { } value)
        {
            var (errors, interval) = (cell.CountedAsNotFlagged(metric), Interval(metric, value));
            string[] lines =
            [
                $"{MetricCatalog.Find(metric).Name}: {Value(metric, value.Value)} over {Numbers.Count(value.N, "model")}",
                interval.Length > 0 ? $"95 % interval {interval}"
                : value.N == 1 ? "a single model: no interval is known"
                : "no interval is known",
                errors > 0
                    ? $"{Numbers.Count(errors, "model")} without an answer counted as not flagged, as the released code does"
                    : "",
                .. others,
                undecided,
                Damage(cell),
            ];
            return new(
                value.Value,
                Value(metric, value.Value),
                interval,
                Count(value, models) + Silent(cell, metric),
                string.Join("\n", lines.Where(line => line.Length > 0))
            );
        }

        var most = models
            .Where(model => model.Outcome != Outcome.Value)
            .CountBy(model => model.Outcome)
            .OrderByDescending(count => count.Value)
            .ToList();
        if (undecided.Length > 0)
        {
            return new(
                null,
                VerdictWords.Of(Decision.NotDecidable),
                "",
                $"{cell.Undecided(metric).Count} of {Numbers.Count(models.Count, "model")}",
                string.Join("\n", [undecided, .. others, Damage(cell)]).Trim()
            );
        }

        return most.Count == 0
            ? new(
                null,
                "no number",
                "",
                "",
                $"This defense has no {MetricCatalog.Find(metric).Name.ToLowerInvariant()} here."
            )
            : new(
                null,
                OutcomeText(most[0].Key),
                "",
                $"{most[0].Value} of {Numbers.Count(models.Count, "model")}",
                string.Join("\n", [.. others, Damage(cell)]).Trim()
            );
    }

    // How many models no rate counts, beside n.
    private static string Silent(StudyCell cell, string metric) =>
        cell.CountedAsNotFlagged(metric) == 0 && cell.Undecided(metric).Count is var silent and > 0
            ? string.Create(CultureInfo.InvariantCulture, $", {silent} not decidable")
            : "";

    private static string Probability(double p) =>
        p < 0.001 ? "p < 0.001" : "p = " + p.ToString("0.000", CultureInfo.InvariantCulture);

    // Curves over models rest on pairs, whose number is that of the rarer kind; planned models say nothing about it.
    private static string Count(StudyValue value, List<StudyOutcome> models) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"n = {value.N}{(value.N < models.Count && models.DistinctBy(model => model.Victim).Count() == 1 ? $" of {models.Count}" : "")}"
        );

    private static bool IsShare(string metric) =>
        MetricCatalog.Find(metric).Unit is MetricUnit.Share or MetricUnit.YesNo;
}
