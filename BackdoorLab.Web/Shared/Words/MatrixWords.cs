using System.Globalization;
using BackdoorLab.Data;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Evaluation;

namespace BackdoorLab.Web.Shared.Words;

/// <summary>What a cell of the matrix says.</summary>
/// <param name="Value">The mean, or null when the cell has no number.</param>
/// <param name="Main">The number, or the outcome in words.</param>
/// <param name="Detail">n, spread; or a short reason.</param>
/// <param name="Title">All of it, for the tooltip.</param>
public sealed record MatrixText(double? Value, string Main, string Detail, string Title);

/// <summary>
/// Puts matrix cells into words: a number never stands without its n, a gap never without its reason.
/// </summary>
public static class MatrixWords
{
    // A value without this number says more than a gap of another run; among gaps the worst is shown.
    private static readonly Outcome[] ByWeight =
    [
        Outcome.Value,
        Outcome.Failed,
        Outcome.TimedOut,
        Outcome.NotApplicable,
        Outcome.NotRun,
    ];

    /// <summary>An outcome in words.</summary>
    public static string OutcomeText(Outcome outcome) =>
        outcome switch
        {
            Outcome.NotApplicable => "not applicable",
            Outcome.Failed => "failed",
            Outcome.TimedOut => "timed out",
            Outcome.NotRun => "not run",
            _ => "no such number",
        };

    /// <summary>
    /// Whether a row of the matrix has nothing to say about its metric: its cells have values, but none of this kind.
    /// </summary>
    public static bool IsSilent(ResultMatrix matrix, string defense)
    {
        var cells = matrix.Cells.Where(cell => cell.Defense == defense).ToList();
        return cells.All(cell => cell is { Value: null, Damaged: 0, Undecided: 0 })
            && cells.Any(cell => cell.Outcomes.GetValueOrDefault(Outcome.Value) > 0);
    }

    /// <summary>The text of a cell; null stands for a pair that no run planned.</summary>
    public static MatrixText Of(MatrixCell? cell, string metric)
    {
        if (cell is null)
        {
            return new(null, "not planned", "", "No run has this pair of defense and precision.");
        }

        var undecided = Undecided(cell.Undecided);
        var others = string.Join(
            ", ",
            cell.Outcomes.Where(outcome => outcome.Key != Outcome.Value && outcome.Value > 0)
                .Select(outcome => $"{outcome.Value.ToString(CultureInfo.InvariantCulture)} {OutcomeText(outcome.Key)}")
                .Concat(undecided.Length > 0 ? [undecided] : [])
        );
        if (cell.Value is null && undecided.Length > 0)
        {
            return new(
                null,
                VerdictWords.Of(Decision.NotDecidable),
                Numbers.Count(cell.Undecided, "seed"),
                string.Join("\n", [others, .. cell.Reasons])
            );
        }

        if (cell.Value is not { } value)
        {
            if (cell.Damaged > 0)
            {
                return new(null, "no victim", "", "The model learnt nothing, or its backdoor did not take.");
            }

            var worst = ByWeight.FirstOrDefault(
                outcome => cell.Outcomes.GetValueOrDefault(outcome) > 0,
                Outcome.NotRun
            );
            var reason =
                cell.Reasons.FirstOrDefault()
                ?? (
                    worst == Outcome.Value
                        ? $"This kind of defense has no {MetricCatalog.Find(metric).Name.ToLowerInvariant()}."
                        : ""
                );
            return new(
                null,
                worst == Outcome.Value ? "no number" : OutcomeText(worst),
                Shorten(reason),
                string.Join("\n", [others, .. cell.Reasons]).Trim()
            );
        }

        var shown = MetricCatalog.Find(metric);
        string[] lines =
        [
            $"{shown.Name}: {SeedWords.Number(shown, value)} over {Numbers.Count(value.N, "seed")}",
            value.N > 1
                ? $"from {Numbers.Format(metric, value.Minimum)} to {Numbers.Format(metric, value.Maximum)}"
                : "a single seed: no spread is known",
            SeedWords.Disagreement(shown, value),
            cell.Damaged > 0
                ? $"{Numbers.Count(cell.Damaged, "seed")} left out: the model learnt nothing, or its backdoor did not take"
                : "",
            others,
            .. cell.Notes,
        ];
        string[] detail =
        [
            value.StandardDeviation is { } deviation ? $"± {Spread(metric, deviation)}" : "",
            $"n = {value.N.ToString(CultureInfo.InvariantCulture)}",
            undecided,
            SeedWords.Disagreement(shown, value),
            cell.Damaged > 0 ? $"{cell.Damaged.ToString(CultureInfo.InvariantCulture)} damaged left out" : "",
        ];
        return new(
            value.Mean,
            Numbers.Format(metric, value.Mean),
            string.Join(", ", detail.Where(part => part.Length > 0)),
            string.Join("\n", lines.Where(line => line.Length > 0))
        );
    }

    /// <summary>
    /// "3 not decidable" beside a rate over models, which does not count them; empty where there are none.
    /// </summary>
    public static string Undecided(int count) =>
        count > 0 ? $"{count.ToString(CultureInfo.InvariantCulture)} {VerdictWords.Of(Decision.NotDecidable)}" : "";

    /// <summary>A standard deviation, in the unit of its metric.</summary>
    public static string Spread(string metric, double deviation) =>
        MetricCatalog.Find(metric).Unit is MetricUnit.Share or MetricUnit.YesNo
            ? (deviation * 100).ToString("0.0", CultureInfo.InvariantCulture)
            : Numbers.Plain(deviation);

    /// <summary>As much of a reason as a cell has room for.</summary>
    public static string Shorten(string reason) => reason.Length <= 44 ? reason : reason[..42].TrimEnd() + "…";
}
