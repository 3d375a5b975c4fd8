using BackdoorLab.Data;

namespace BackdoorLab.Web.Shared.Words;

/// <summary>Means over seeds in words.</summary>
public static class SeedWords
{
    /// <summary>Mean with spread: "93.0 ± 2.0%".</summary>
    public static string Number(Metric metric, SeedStat stat) =>
        Numbers.Format(metric, stat.Mean)
        + (stat.StandardDeviation is { } deviation ? $" ± {MatrixWords.Spread(metric.Id, deviation)}" : "");

    /// <summary>"repeats disagree: 89.2% to 94.2%"; empty where they agree.</summary>
    public static string Disagreement(Metric metric, SeedStat stat) =>
        stat.Disagreeing == 0
            ? ""
            : $"repeats disagree: {Numbers.Format(metric, stat.Minimum)} to {Numbers.Format(metric, stat.Maximum)}";
}
