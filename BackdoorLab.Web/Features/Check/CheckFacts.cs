using System.Globalization;
using BackdoorLab.Data;
using BackdoorLab.Web.Shared.Specs;
using BackdoorLab.Web.Shared.Words;

namespace BackdoorLab.Web.Features.Check;

/// <summary>What is known of a model that was checked.</summary>
public static class CheckFacts
{
    /// <summary>Names and values, for a list of facts; identifiers are set in a fixed width.</summary>
    public static IReadOnlyList<(string Name, string Value, bool Mono)> Of(RunDetail run)
    {
        var spec = SpecSection.Parse(run.SpecJson);
        var suspect = spec?["suspect"];
        var folder = spec?["dataset"]?["path"]?.ToString();
        List<(string Name, string Value, bool Mono)> facts =
        [
            ("File", suspect?["file"]?.ToString() ?? "–", false),
            ("SHA-256", suspect?["sha256"]?.ToString() ?? "–", true),
            ("Network", KindWords.Label(run.Run.Model), false),
            ("Data set", KindWords.Label(run.Run.Dataset) + (folder is null ? "" : $": {folder}"), false),
            ("Clean accuracy", Accuracy(run), false),
            ("Seed", run.Run.Seed.ToString(CultureInfo.InvariantCulture), false),
        ];
        if (run.Run.Ended is { } ended)
        {
            facts.Add(("Checked", TimeWords.Full(ended), false));
        }

        facts.Add(("Run", run.Run.Id, true));
        return facts;
    }

    private static string Accuracy(RunDetail run)
    {
        var row = run
            .Cells.FirstOrDefault(cell => cell.Id is { Precision: KnownLabels.ReferencePrecision, Defense: null })
            ?.Measurements.FirstOrDefault(row => row.Metric == Metric.CleanAccuracy.Id);
        return row is null
            ? "not measured"
            : $"{Numbers.Percent(row.Value)} of {Numbers.Count(row.Count ?? 0, "test image")}";
    }
}
