using System.Globalization;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Evaluation;

namespace BackdoorLab.Web.Shared.Words;

/// <summary>Numbers for people.</summary>
public static class Numbers
{
    /// <summary>What a metric is measured in, as a word.</summary>
    public static string Unit(MetricUnit unit) =>
        unit switch
        {
            MetricUnit.Share => "share",
            MetricUnit.YesNo => "yes or no",
            MetricUnit.Seconds => "seconds",
            MetricUnit.Milliseconds => "milliseconds",
            MetricUnit.Bytes => "bytes",
            _ => "number",
        };

    /// <summary>A metric's value with its unit.</summary>
    public static string Format(string metric, double value) => Format(MetricCatalog.Find(metric), value);

    /// <summary>A metric's value with its unit.</summary>
    public static string Format(Metric metric, double value) =>
        metric.Unit switch
        {
            MetricUnit.Share => Percent(value),
            MetricUnit.YesNo => value switch
            {
                >= 1 => "yes",
                <= 0 => "no",
                _ => Percent(value),
            },
            MetricUnit.Seconds => TimeWords.Duration(value),
            MetricUnit.Milliseconds => Plain(value) + " ms",
            MetricUnit.Bytes => Bytes(value),
            _ => Plain(value),
        };

    /// <summary>A share as percent with one decimal; what is not zero never looks like zero.</summary>
    public static string Percent(double share) =>
        share switch
        {
            > 0 and < 0.0005 => "<0.1%",
            < 1 and >= 0.9995 => ">99.9%",
            0 or 1 => (share * 100).ToString("0", CultureInfo.InvariantCulture) + "%",
            _ => (share * 100).ToString("0.0", CultureInfo.InvariantCulture) + "%",
        };

    /// <summary>The same, and a dash where there is none.</summary>
    public static string Percent(double? share) => share is { } known ? Percent(known) : "–";

    /// <summary>A number of sensible length.</summary>
    public static string Plain(double value) =>
        Math.Abs(value) switch
        {
            0 => "0",
            < 0.001 or >= 1e9 => value.ToString("0.##e0", CultureInfo.InvariantCulture),
            < 10 => value.ToString("0.###", CultureInfo.InvariantCulture),
            < 1000 => value.ToString("0.#", CultureInfo.InvariantCulture),
            _ => value.ToString("#,0", CultureInfo.InvariantCulture),
        };

    /// <summary>"512 MB".</summary>
    public static string Bytes(double value) =>
        value switch
        {
            >= 1L << 30 => (value / (1L << 30)).ToString("0.0", CultureInfo.InvariantCulture) + " GB",
            >= 1 << 20 => (value / (1 << 20)).ToString("0", CultureInfo.InvariantCulture) + " MB",
            >= 1 << 10 => (value / (1 << 10)).ToString("0", CultureInfo.InvariantCulture) + " KB",
            _ => value.ToString("0", CultureInfo.InvariantCulture) + " B",
        };

    /// <summary>"0.95 to 0.99" of a confidence interval; that of a yes or no is the interval of a share.</summary>
    public static string Interval(string metric, double? low, double? high)
    {
        var share = MetricCatalog.Find(metric).Unit == MetricUnit.YesNo;
        return low is { } from && high is { } to ? $"{Text(from)} to {Text(to)}" : "";

        string Text(double value) => share ? Percent(value) : Format(metric, value);
    }

    /// <summary>"3 runs", "1 run".</summary>
    public static string Count(long count, string one, string? many = null) =>
        count.ToString("#,0", CultureInfo.InvariantCulture) + " " + (count == 1 ? one : many ?? one + "s");
}
