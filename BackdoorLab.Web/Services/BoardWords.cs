using System.Globalization;
using BackdoorLab.Data;
using BackdoorLab.Engine.Evaluation;

namespace BackdoorLab.Web.Services;

/// <summary>What a cell of the leaderboard says.</summary>
/// <param name="Value">The mean, or null when the cell has no number.</param>
/// <param name="Main">The number, or the outcome in words.</param>
/// <param name="Detail">Spread and n; or a short reason.</param>
/// <param name="Twin">The benign twin's number with its name, or empty.</param>
/// <param name="Title">All of it, for the tooltip.</param>
public sealed record BoardText(double? Value, string Main, string Detail, string Twin, string Title);

/// <summary>Puts the leaderboard into words: a number never stands without its n, a gap never without its reason.</summary>
public static class BoardWords
{
    /// <summary>A row: an attack or a precision.</summary>
    public static string Row(string label) => KindWords.Label(label);

    /// <summary>A column.</summary>
    public static string Defense(string label) => label.Length == 0 ? "No defense" : KindWords.Label(label);

    /// <summary>"Detection rate, attacks by defenses at FP32".</summary>
    public static string Title(BoardView view) => view.Board.Filter.Rows == BoardRows.Attacks
        ? $"{view.Metric.Metric.Name}, attacks by defenses at {KindWords.Short(view.Board.Filter.Precision)}"
        : $"{view.Metric.Metric.Name}, precisions by defenses under {KindWords.Short(view.Board.Filter.Attack)}";

    /// <summary>"GTSRB, ResNet-18, poison rate 10%".</summary>
    public static string Setting(BoardFilter filter) =>
        $"{KindWords.Label(filter.Dataset)}, {KindWords.Label(filter.Model)}, poison rate {Numbers.Percent(filter.PoisonRate)}";

    /// <summary>"34 of 48 cells have a value; 3 not applicable, 2 failed".</summary>
    public static string Coverage(BoardCoverage coverage)
    {
        var without = string.Join(", ", coverage.Without.OrderBy(entry => entry.Key).Select(entry => $"{entry.Value} {MatrixWords.Outcome(entry.Key)}"));
        return $"{coverage.Values} of {Numbers.Count(coverage.Cells, "cell")} {(coverage.Values == 1 ? "has" : "have")} a value" + (without.Length > 0 ? $"; {without}" : "");
    }

    /// <summary>Where ranks come from, or why there are none.</summary>
    public static string Ranks(BoardView view)
    {
        var rows = view.Board.Filter.Rows == BoardRows.Attacks ? "attack" : "precision";
        var compared = view.Own.Count(label => label != ResultWords.Undefended);
        return compared < 2 ? "No ranks: fewer than two defenses are compared."
            : view.Shared == 0 ? $"No ranks: there is no {rows} for which all {compared} defenses have a value. Take sparse columns out to compare the others."
            : $"Mean rank over the {Numbers.Count(view.Shared, rows)} of {view.Board.Rows.Count} for which all {compared} compared defenses have a value; 1 is best, ties share their places.";
    }

    /// <summary>Mean with spread: "93.0 ± 2.0%".</summary>
    public static string Number(Metric metric, BoardStat stat) =>
        Numbers.Format(metric, stat.Mean) + (stat.StandardDeviation is { } deviation ? $" ± {MatrixWords.Spread(metric.Id, deviation)}" : "");

    /// <summary>The text of a pair.</summary>
    public static BoardText Of(BoardView view, string row, string defense)
    {
        var metric = view.Metric.Metric;
        if (view.Board.Find(row, defense) is not { } cell)
        {
            return new(null, "not run", "", "", "No run has this pair.");
        }

        var others = string.Join(", ", cell.Outcomes
            .Where(outcome => outcome.Key != CellOutcome.Value && outcome.Value > 0)
            .Select(outcome => $"{outcome.Value.ToString(CultureInfo.InvariantCulture)} {MatrixWords.Outcome(outcome.Key)}"));
        var twin = cell.Twin is { } benign ? $"twin {view.Metric.Twin!.ShortName} {Numbers.Format(view.Metric.Twin, benign.Mean)}" : "";
        if (cell.Value is not { } value)
        {
            var (main, reason) = Gap(cell, metric);
            return new(null, main, MatrixWords.Shorten(reason), twin, string.Join("\n", new[] { others, reason }.Where(line => line.Length > 0)));
        }

        var n = $"n = {value.N.ToString(CultureInfo.InvariantCulture)}";
        string[] lines =
        [
            $"{metric.Name}: {Number(metric, value)} over {Numbers.Count(value.N, "seed")}",
            value.N > 1 ? $"from {Numbers.Format(metric, value.Minimum)} to {Numbers.Format(metric, value.Maximum)}" : "a single seed: no spread is known",
            cell.Twin is { } other ? $"benign twin, {view.Metric.Twin!.Name.ToLowerInvariant()}: {Number(view.Metric.Twin, other)}, n = {other.N}" : "",
            value.Mixed ? "runs of one seed differ: they are of different configurations, averaged before the seeds" : "",
            others.Length > 0 ? $"not averaged: {others}" : "",
            cell.Waiting > 0 ? $"{Numbers.Count(cell.Waiting, "run")} on the way" : "",
        ];
        var spread = value.StandardDeviation is { } deviation ? $"± {MatrixWords.Spread(metric.Id, deviation)}, " : "";
        return new(value.Mean, Numbers.Format(metric, value.Mean), spread + n + (value.Mixed ? ", mixed" : ""), twin, string.Join("\n", lines.Where(line => line.Length > 0)));
    }

    private static (string Main, string Reason) Gap(BoardCell cell, Metric metric) => cell.Outcome switch
    {
        CellOutcome.Value => ("no number", $"This kind of defense has no {metric.Name.ToLowerInvariant()}."),
        CellOutcome.NotRun when cell.Waiting > 0 => ("on the way", "A run with this cell is queued or running."),
        _ => (MatrixWords.Outcome(cell.Outcome), cell.Reason),
    };
}
