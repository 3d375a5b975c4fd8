using System.Globalization;
using System.Text;
using BackdoorLab.Engine.Studies;
using BackdoorLab.Web.Shared.Export;

namespace BackdoorLab.Web.Features.Studies;

/// <summary>
/// A study as tidy rows, one for each setting, precision, defense and metric (RFC 4180). Values are as measured: models without a value or
/// without an answer are no misses here, whatever the rule of released code makes of them; the latter are counted in a column of their own.
/// </summary>
public static class StudyCsv
{
    private const string Header = "setting,precision,defense,metric,value,low,high,n,difference,diff_low,diff_high,p_value,undecided,diff_undecided";

    /// <summary>The document.</summary>
    public static string Write(StudyReport report)
    {
        var text = new StringBuilder(Header).Append("\r\n");
        foreach (var (title, setting) in StudyReading.Settings(report))
        {
            foreach (var cell in setting.Cells)
            {
                foreach (var metric in cell.Values.Keys.Union(cell.Changes.Keys))
                {
                    text.AppendJoin(',', Row(title, cell, metric)).Append("\r\n");
                }
            }
        }

        return text.ToString();
    }

    private static IEnumerable<string> Row(string setting, StudyCell cell, string metric)
    {
        var value = cell.Values.GetValueOrDefault(metric);
        var change = cell.Changes.GetValueOrDefault(metric);
        return
        [
            Csv.Text(setting), Csv.Text(cell.Precision), Csv.Text(cell.Defense ?? ""), Csv.Text(metric),
            Csv.Number(value?.Value), Csv.Number(value?.Low), Csv.Number(value?.High), value?.N.ToString(CultureInfo.InvariantCulture) ?? "",
            Csv.Number(change?.Difference.Value), Csv.Number(change?.Difference.Low), Csv.Number(change?.Difference.High), Csv.Number(change?.PValue),
            cell.Role == StudyRole.Models && (metric == Metric.DetectionRate.Id || metric == Metric.FalsePositiveRate.Id) ? Csv.Number(cell.Undecided(metric).Count) : "", Csv.Number(change?.Undecided),
        ];
    }
}
