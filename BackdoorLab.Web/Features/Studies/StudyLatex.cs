using System.Globalization;
using System.Text;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Studies;
using BackdoorLab.Web.Shared.Export;
using BackdoorLab.Web.Shared.Words;

namespace BackdoorLab.Web.Features.Studies;

/// <summary>
/// The table of one setting and one metric as LaTeX with booktabs: defenses by precisions, the same rows as on the
/// screen.
/// </summary>
public static class StudyLatex
{
    /// <summary>The table.</summary>
    /// <param name="title">Name of the setting.</param>
    /// <param name="metric">Metric to show.</param>
    /// <param name="released">Methods as released code runs them, in place of the methods themselves.</param>
    public static string Write(string title, StudySetting setting, Metric metric, bool released)
    {
        var rows = StudyReading.Rows(setting, released).Where(row => StudyReading.Speaks(row, metric.Id)).ToList();
        var text = new StringBuilder(
            LatexTable.Begin(
                ["booktabs"],
                Caption(title, metric, rows, released),
                new string('l', setting.Precisions.Count + 1),
                new[] { "Defense" }.Concat(setting.Precisions.Select(KindWords.Label)).Select(LatexText.Of)
            )
        );
        foreach (var row in rows)
        {
            var name = LatexText.Of(row.Defense is null ? KindWords.DefenseName(null) : KindWords.Label(row.Defense));
            text.Append(LatexTable.Row([name, .. row.Cells.Select(cell => Cell(cell, metric))]));
        }

        var particulars = StudyParticulars.Rows(rows).ToList();
        if (particulars.Count > 0)
        {
            text.Append(LatexTable.Rule);
        }

        foreach (var row in particulars)
        {
            text.Append(
                LatexTable.Row([
                    LatexText.Of($"{KindWords.Name(row.Defense)}: {row.Name}"),
                    .. row.Cells.Select(LatexText.Of),
                ])
            );
        }

        return text.Append(LatexTable.End).ToString();
    }

    private static string Cell(StudyCell? cell, Metric metric)
    {
        if (cell is null || cell.Counted(metric.Id) is not { } value)
        {
            return LatexText.Of(StudyWords.Cell(cell, metric.Id).Main);
        }

        var interval = value is { Low: { } low, High: { } high } ? $" [{Number(low)}, {Number(high)}]" : "";
        return Number(value.Value) + interval + Silent(cell, metric) + (cell.AccuracyLost is null ? "" : @"$^\dagger$");

        string Number(double number) =>
            IsShare(metric)
                ? (100 * number).ToString("0.0", CultureInfo.InvariantCulture)
                : LatexText.Of(Numbers.Format(metric, number));
    }

    private static string Silent(StudyCell cell, Metric metric) =>
        Undecided(cell, metric) is var silent and > 0
            ? string.Create(CultureInfo.InvariantCulture, $" ({silent} n.d.)")
            : "";

    // As released code runs them no model is left out.
    private static int Undecided(StudyCell cell, Metric metric) =>
        cell.ReleasedVariantOf is null ? cell.Undecided(metric.Id).Count : 0;

    private static string Caption(string title, Metric metric, List<StudyRow> rows, bool released)
    {
        var cells = rows.SelectMany(row => row.Cells).OfType<StudyCell>().ToList();
        int[] counts = [.. cells.Select(cell => cell.Counted(metric.Id)?.N).OfType<int>().Distinct().Order()];
        var n = counts.Length switch
        {
            0 => "no model has a value yet",
            1 => string.Create(CultureInfo.InvariantCulture, $"n = {counts[0]}"),
            _ => string.Create(CultureInfo.InvariantCulture, $"n = {counts[0]} to {counts[^1]}"),
        };
        string[] parts =
        [
            LatexText.Of(
                $"{metric.Name}{(IsShare(metric) ? " in %" : "")}, {title}, with 95 % intervals; models: {n}."
            ),
            released ? "Rules of the released harness: errors and models without an answer count as not flagged." : "",
            cells.Any(cell => Undecided(cell, metric) > 0)
                ? "n.d.: models on which the rule could not decide, which are not counted."
                : "",
            cells.Any(cell => cell.AccuracyLost is not null)
                ? @"$^\dagger$ The precision damaged the model's clean accuracy."
                : "",
        ];
        return string.Join(" ", parts.Where(part => part.Length > 0));
    }

    private static bool IsShare(Metric metric) => metric.Unit is MetricUnit.Share or MetricUnit.YesNo;
}
