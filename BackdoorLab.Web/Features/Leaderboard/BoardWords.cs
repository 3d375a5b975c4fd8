using System.Globalization;
using BackdoorLab.Data;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Web.Shared.Words;

namespace BackdoorLab.Web.Features.Leaderboard;

/// <summary>What a cell of the leaderboard says.</summary>
/// <param name="Value">The mean, or null when the cell has no number.</param>
/// <param name="Main">The number, or the outcome in words.</param>
/// <param name="Detail">Spread and n; or a short reason.</param>
/// <param name="Twin">The benign twin's number with its name, or empty.</param>
/// <param name="Title">All of it, for the tooltip.</param>
public sealed record BoardText(double? Value, string Main, string Detail, string Twin, string Title);

/// <summary>
/// Puts the leaderboard into words: a number never stands without its n, a gap never without its reason.
/// </summary>
public static class BoardWords
{
    /// <summary>"Detection rate, attacks by defenses at FP32".</summary>
    public static string Title(BoardView view) =>
        view.Board.Filter.Rows == BoardRows.Attacks
            ? $"{view.Metric.Metric.Name}, attacks by defenses at {KindWords.Short(view.Board.Filter.Precision)}"
            : $"{view.Metric.Metric.Name}, precisions by defenses under {KindWords.Short(view.Board.Filter.Attack)}";

    /// <summary>"GTSRB (43 classes, 26,640 training images), ResNet-18, poison rate 10%".</summary>
    public static string Setting(BoardView view) =>
        $"{KindWords.Label(view.Board.Filter.Dataset)}{(view.Size.Length > 0 ? $" ({view.Size})" : "")}, {KindWords.Label(view.Board.Filter.Model)}, poison rate {Numbers.Percent(view.Board.Filter.PoisonRate)}";

    /// <summary>"34 of 48 cells have a value; 3 not applicable, 2 failed".</summary>
    public static string Coverage(BoardCoverage coverage)
    {
        var without = string.Join(
            ", ",
            coverage
                .Without.OrderBy(entry => entry.Key)
                .Select(entry => $"{entry.Value} {MatrixWords.OutcomeText(entry.Key)}")
        );
        return $"{coverage.Values} of {Numbers.Count(coverage.Cells, "cell")} {(coverage.Values == 1 ? "has" : "have")} a value"
            + (without.Length > 0 ? $"; {without}" : "");
    }

    /// <summary>Where ranks come from, or why there are none.</summary>
    public static string Ranks(BoardView view)
    {
        var rows = view.Board.Filter.Rows == BoardRows.Attacks ? "attack" : "precision";
        var compared = view.Own.Count(label => label != KnownLabels.Undefended);
        var score = BoardRanking.IsByYouden(view.Board) ? "detection and false alarms" : "a value";
        var each = view.Board.Rows.Count > view.Board.Rows.Select(view.Board.LabelOf).Distinct().Count() ? "row" : rows;
        return compared < 2 ? "No ranks: fewer than two defenses are compared."
            : view.Shared == 0
                ? $"No ranks: there is no {each} for which all {compared} defenses have {score}. Take sparse columns out to compare the others."
            : $"Mean rank over the {Numbers.Count(view.Shared, each)} of {view.Board.Rows.Count} for which all {compared} compared defenses have {score}; 1 is best, ties share their places.";
    }

    /// <summary>By what a defense is best, and which cells cannot be.</summary>
    public static string Best(BoardView view)
    {
        var standings = view
            .Board.Rows.SelectMany(row =>
                view.Own.Select(defense => (row, defense, Standing: view.Standing(row, defense)))
            )
            .ToList();
        string Which(BoardStanding standing) =>
            string.Join(
                ", ",
                standings
                    .Where(cell => cell.Standing == standing)
                    .Select(cell => KindWords.Defense(cell.defense))
                    .Distinct()
            );
        string[] parts =
        [
            BoardRanking.IsByYouden(view.Board)
                ? "Best is by Youden's index: detection less false alarms on the benign twin of the same run and precision."
                : "",
            Which(BoardStanding.TwinFires) is { Length: > 0 } firing
                ? $"Never best, because its benign twin is taken for poisoned as often as what is: {firing}."
                : "",
            Which(BoardStanding.TwinNotMeasured) is { Length: > 0 } open
                ? $"Never best, because the twin was not measured: {open}."
                : "",
        ];
        return string.Join(" ", parts.Where(part => part.Length > 0));
    }

    /// <summary>What is pooled on purpose, and what of models that are no victims.</summary>
    public static string Counted(BoardView view)
    {
        var damaged = view.Board.Cells.Sum(cell => cell.Damaged);
        var disagreeing = view.Board.Cells.Count(cell => cell.Value is { Disagreeing: > 0 });
        string[] parts =
        [
            view.Board.Filter.Pool.Count > 0
                ? $"Pooled over {string.Join(", ", view.Board.Filter.Pool.Select(BoardAxis.Name))} as asked for; n counts seeds of a condition."
                : "",
            view.Board.Filter.Damaged
                ? "Models that learnt nothing, or whose backdoor did not take, are counted as asked for."
            : damaged > 0
                ? $"{Numbers.Count(damaged, "value")} on models that learnt nothing, or whose backdoor did not take, {(damaged == 1 ? "is" : "are")} in no mean, rank or best."
            : "",
            disagreeing > 0
                ? $"In {Numbers.Count(disagreeing, "cell")} repeats of a seed disagree: the cell says from where to where."
                : "",
        ];
        return string.Join(" ", parts.Where(part => part.Length > 0));
    }

    /// <summary>The text of a pair.</summary>
    public static BoardText Of(BoardView view, string row, string defense)
    {
        var metric = view.Metric.Metric;
        if (view.Board.Find(row, defense) is not { } cell)
        {
            return new(null, "not run", "", "", "No run has this pair.");
        }

        var undecided = MatrixWords.Undecided(cell.Undecided);
        var others = string.Join(
            ", ",
            cell.Outcomes.Where(outcome => outcome.Key != Outcome.Value && outcome.Value > 0)
                .Select(outcome =>
                    $"{outcome.Value.ToString(CultureInfo.InvariantCulture)} {MatrixWords.OutcomeText(outcome.Key)}"
                )
                .Concat(undecided.Length > 0 ? [undecided] : [])
        );
        var twin =
            cell.Twin is { } benign
                ? $"twin {view.Metric.Twin!.ShortName} {Numbers.Format(view.Metric.Twin, benign.Mean)}"
            : view.Standing(row, defense) == BoardStanding.TwinNotMeasured ? "twin not measured"
            : "";
        var damaged =
            cell.Damaged == 0
                ? ""
                : $"{cell.Damaged.ToString(CultureInfo.InvariantCulture)} {(view.Board.Filter.Damaged ? "damaged counted" : "damaged left out")}";
        if (cell.Value is not { } value)
        {
            var (main, reason) = Gap(cell, metric);
            return new(
                null,
                main,
                MatrixWords.Shorten(reason),
                twin,
                string.Join("\n", new[] { others, reason }.Where(line => line.Length > 0))
            );
        }

        var pooled = view.Pooled(row);
        string[] lines =
        [
            $"{metric.Name}: {SeedWords.Number(metric, value)} over {Numbers.Count(value.N, "seed")}{(pooled.Length > 0 ? " of several conditions" : "")}",
            pooled,
            value.N > 1
                ? $"from {Numbers.Format(metric, value.Minimum)} to {Numbers.Format(metric, value.Maximum)}"
                : "a single seed: no spread is known",
            cell.Twin is { } other
                ? $"benign twin, {view.Metric.Twin!.Name.ToLowerInvariant()}: {SeedWords.Number(view.Metric.Twin, other)}, n = {other.N}"
                : "",
            cell.Youden is { } youden
                ? $"Youden's index {youden.Mean.ToString("0.00", CultureInfo.InvariantCulture)}, n = {youden.N}"
                : "",
            value.Disagreeing > 0
                ? $"{Numbers.Count(value.Disagreeing, "seed")} with repeats that disagree, from {Numbers.Format(metric, value.Minimum)} to {Numbers.Format(metric, value.Maximum)}; each seed counts once, by the mean of its repeats"
                : "",
            cell.Damaged > 0 ? $"{damaged}: the model learnt nothing, or its backdoor did not take" : "",
            others.Length > 0 ? $"not averaged: {others}" : "",
            cell.Waiting > 0 ? $"{Numbers.Count(cell.Waiting, "run")} on the way" : "",
        ];
        string[] detail =
        [
            value.StandardDeviation is { } deviation ? $"± {MatrixWords.Spread(metric.Id, deviation)}" : "",
            $"n = {value.N.ToString(CultureInfo.InvariantCulture)}",
            pooled.Length > 0 ? "pooled" : "",
            SeedWords.Disagreement(metric, value),
            undecided,
            damaged,
        ];
        return new(
            value.Mean,
            Numbers.Format(metric, value.Mean),
            string.Join(", ", detail.Where(part => part.Length > 0)),
            twin,
            string.Join("\n", lines.Where(line => line.Length > 0))
        );
    }

    private static (string Main, string Reason) Gap(BoardCell cell, Metric metric) =>
        cell.Outcome switch
        {
            _ when cell.Damaged > 0 => ("no victim", "The model learnt nothing, or its backdoor did not take."),
            Outcome.Value when MatrixWords.Undecided(cell.Undecided) is { Length: > 0 } undecided => (
                VerdictWords.Of(Decision.NotDecidable),
                undecided
            ),
            Outcome.Value => ("no number", $"This kind of defense has no {metric.Name.ToLowerInvariant()}."),
            Outcome.NotRun when cell.Waiting > 0 => ("on the way", "A run with this cell is queued or running."),
            _ => (MatrixWords.OutcomeText(cell.Outcome), cell.Reason),
        };
}
