using System.Globalization;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Web.Commands;

/// <summary>
/// The result as a Markdown table that also reads well in a terminal: one row a cell, every outcome spelt out.
/// </summary>
internal static class ResultTable
{
    private static readonly (string Title, string Metric)[] Columns =
    [
        ("CA", "clean-accuracy"),
        ("ASR", "attack-success-rate"),
        ("ASR gain", Metric.AttackSuccessGain.Id),
        ("RA", "robust-accuracy"),
        ("Detection of samples", "sample-detection-rate"),
        ("False positives of samples", "sample-false-positive-rate"),
        ("AUROC of samples", "sample-auroc"),
        ("Target hit", "target-label-hit"),
        ("Score", "detector-score"),
        ("Ceiling", InversionNumbers.IndexCeiling.Id),
        ("Log score", InversionNumbers.LogAnomalyIndex.Id),
        ("DER", "defense-effectiveness"),
    ];

    internal static void Write(ExperimentResult result, TextWriter output)
    {
        MarkdownTable.Write(
            [
                "Model",
                "Precision",
                "Defense",
                "Verdict",
                .. Columns.Select(column => column.Title),
                "Seconds",
                "Outcome",
            ],
            result.Cells.Select(Row),
            output
        );
        foreach (var remark in result.Remarks)
        {
            output.WriteLine("* " + remark);
        }
    }

    private static string[] Row(CellResult cell) =>
        [
            cell.Id.Victim switch
            {
                Victim.Backdoored => "backdoored",
                Victim.Benign => "benign",
                _ => "from a file",
            },
            cell.Id.Precision,
            cell.Id.Defense ?? "(none)",
            cell.Verdict is { } verdict ? VerdictWords.Of(verdict.Decision) : "",
            .. Columns.Select(column => Number(cell, column.Metric)),
            (cell.Seconds ?? 0).ToString("0.0", CultureInfo.InvariantCulture),
            cell.Outcome switch
            {
                Outcome.Value => cell.Verdict is { Decision: Decision.NotDecidable } silent
                    ? VerdictWords.Sentence(silent)
                    : "value",
                Outcome.NotApplicable => "not applicable: " + cell.Reason,
                Outcome.Failed => "failed: " + cell.Reason,
                Outcome.TimedOut => "timed out: " + cell.Reason,
                _ => "not run: " + cell.Reason,
            },
        ];

    private static string Number(CellResult cell, string metric) =>
        cell.Measurements.FirstOrDefault(measurement => measurement.Metric == metric)
            ?.Value.ToString("0.000", CultureInfo.InvariantCulture)
        ?? "";
}
