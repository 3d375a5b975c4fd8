using System.Globalization;
using System.Text;
using BackdoorLab.Data;
using BackdoorLab.Web.Shared.Export;
using static BackdoorLab.Web.Shared.Export.Csv;

namespace BackdoorLab.Web.Features.Runs;

/// <summary>The cells of a run as tidy rows, one for each number; a cell without numbers has one row that says why.</summary>
public static class CellsCsv
{
    private const string Header = "run,model,precision,defense,outcome,reason,metric,value,low,high,n,verdict,verdict_reason";

    /// <summary>The document.</summary>
    public static string Write(RunDetail run)
    {
        var text = new StringBuilder(Header + NewLine);
        foreach (var cell in run.Cells)
        {
            foreach (var number in cell.Measurements.DefaultIfEmpty())
            {
                text.Append(Csv.Row(Fields(run.Run.Id, cell, number)));
            }
        }

        return text.ToString();
    }

    private static IEnumerable<string> Fields(string run, CellResult cell, Measurement? number) =>
    [
        Text(run), Text(VictimName.Of(cell.Id.Victim)), Text(cell.Id.Precision), Text(cell.Id.DefenseLabel), cell.Outcome.ToString(), Text(cell.Reason),
        Text(number?.Metric ?? ""), Number(number?.Value), Number(number?.Low), Number(number?.High), number?.Count?.ToString(CultureInfo.InvariantCulture) ?? "",
        cell.Verdict?.Decision.ToString() ?? "", Text(ReasonCode.Of(cell.Verdict?.Reason)),
    ];
}
