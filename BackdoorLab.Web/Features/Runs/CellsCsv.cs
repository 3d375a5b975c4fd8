using BackdoorLab.Data;
using BackdoorLab.Web.Shared.Export;

namespace BackdoorLab.Web.Features.Runs;

/// <summary>
/// The cells of a run as tidy rows, one for each number; a cell without numbers has one row that says why.
/// </summary>
public static class CellsCsv
{
    private static readonly string[] Columns =
    [
        "run",
        "model",
        "precision",
        "defense",
        "outcome",
        "reason",
        "metric",
        "value",
        "low",
        "high",
        "n",
        "verdict",
        "verdict_reason",
    ];

    /// <summary>The document.</summary>
    public static string Write(RunDetail run) =>
        Csv.Document(
            Columns,
            from cell in run.Cells
            from number in cell.Measurements.DefaultIfEmpty()
            select Fields(run.Run.Id, cell, number)
        );

    private static IEnumerable<object?> Fields(string run, CellResult cell, Measurement? number) =>
        [
            run,
            VictimName.Of(cell.Id.Victim),
            cell.Id.Precision,
            cell.Id.DefenseLabel,
            cell.Outcome.ToString(),
            cell.Reason,
            number?.Metric,
            number?.Value,
            number?.Low,
            number?.High,
            number?.Count,
            cell.Verdict?.Decision.ToString(),
            ReasonCode.Of(cell.Verdict?.Reason),
        ];
}
