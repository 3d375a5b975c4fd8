using System.Globalization;
using BackdoorLab.Data;

namespace BackdoorLab.Web.Services;

/// <summary>What is known of a model that was checked.</summary>
public static class CheckFacts
{
    /// <summary>Names and values, for a list of facts.</summary>
    public static IReadOnlyList<(string Name, string Value)> Of(RunDetail run)
    {
        var spec = SpecSection.Parse(run.SpecJson);
        var suspect = spec?["suspect"];
        var folder = spec?["dataset"]?["path"]?.ToString();
        List<(string Name, string Value)> facts =
        [
            ("File", suspect?["file"]?.ToString() ?? "–"),
            ("SHA-256", suspect?["sha256"]?.ToString() ?? "–"),
            ("Network", KindWords.Label(run.Run.Model)),
            ("Data set", KindWords.Label(run.Run.Dataset) + (folder is null ? "" : $": {folder}")),
            ("Clean accuracy", Accuracy(run)),
            ("Seed", run.Run.Seed.ToString(CultureInfo.InvariantCulture)),
        ];
        if (run.Run.Ended is { } ended)
        {
            facts.Add(("Checked", TimeWords.Full(ended)));
        }

        facts.Add(("Run", run.Run.Id));
        return facts;
    }

    private static string Accuracy(RunDetail run)
    {
        var row = run.Cells.FirstOrDefault(cell => cell.Key is { Precision: ResultWords.ReferencePrecision, Defense: ResultWords.Undefended })?
            .Measurements.FirstOrDefault(row => row.Metric == ResultWords.CleanAccuracy);
        return row is null ? "not measured" : $"{Numbers.Percent(row.Value)} of {Numbers.Count(row.Count ?? 0, "test image")}";
    }
}
