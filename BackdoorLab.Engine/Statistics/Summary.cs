using MathNet.Numerics.Statistics;

namespace BackdoorLab.Engine.Statistics;

/// <summary>What a table shows of repeated values.</summary>
/// <param name="Count">How many.</param>
/// <param name="Mean">Arithmetic mean.</param>
/// <param name="StandardDeviation">Sample standard deviation (n - 1); null for a single value, which has none.</param>
/// <param name="Minimum">Smallest.</param>
/// <param name="Maximum">Largest.</param>
public sealed record Summary(int Count, double Mean, double? StandardDeviation, double Minimum, double Maximum)
{
    /// <summary>Summarises at least one value.</summary>
    public static Summary Of(ReadOnlySpan<double> values)
    {
        ArgumentOutOfRangeException.ThrowIfZero(values.Length);
        var array = values.ToArray();
        var (mean, deviation) = ArrayStatistics.MeanStandardDeviation(array);
        var (minimum, maximum) = (ArrayStatistics.Minimum(array), ArrayStatistics.Maximum(array));
        return new Summary(array.Length, mean, array.Length == 1 ? null : deviation, minimum, maximum);
    }
}
