using BackdoorLab.Engine.Studies;
using BackdoorLab.Web.Shared.Export;

namespace BackdoorLab.Web.Features.Studies;

/// <summary>
/// A study as tidy rows, one for each setting, precision, defense and metric (RFC 4180). Values are as measured: models
/// without a value or without an answer are no misses here, whatever the rule of released code makes of them; the
/// latter are counted in a column of their own.
/// </summary>
public static class StudyCsv
{
    private static readonly string[] Columns =
    [
        "setting",
        "precision",
        "defense",
        "metric",
        "value",
        "low",
        "high",
        "n",
        "difference",
        "diff_low",
        "diff_high",
        "p_value",
        "undecided",
        "diff_undecided",
    ];

    /// <summary>The document.</summary>
    public static string Write(StudyReport report) =>
        Csv.Document(
            Columns,
            from setting in StudyReading.Settings(report)
            from cell in setting.Setting.Cells
            from metric in cell.Values.Keys.Union(cell.Changes.Keys)
            select Row(setting.Title, cell, metric)
        );

    private static IEnumerable<object?> Row(string setting, StudyCell cell, string metric)
    {
        var value = cell.Values.GetValueOrDefault(metric);
        var change = cell.Changes.GetValueOrDefault(metric);
        var counted =
            cell.Role == StudyRole.Models
            && (metric == Metric.DetectionRate.Id || metric == Metric.FalsePositiveRate.Id);
        return
        [
            setting,
            cell.Precision,
            cell.Defense,
            metric,
            value?.Value,
            value?.Low,
            value?.High,
            value?.N,
            change?.Difference.Value,
            change?.Difference.Low,
            change?.Difference.High,
            change?.PValue,
            counted ? cell.Undecided(metric).Count : null,
            change?.Undecided,
        ];
    }
}
