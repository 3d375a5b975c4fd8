using MathNet.Numerics.Statistics;

namespace BackdoorLab.Engine.Statistics;

/// <summary>A threshold on values like those it was set by.</summary>
/// <param name="Value">A new value below it is beyond.</param>
/// <param name="Level">How often, at most, a new value is.</param>
public readonly record struct Cut(double Value, double Level);

/// <summary>Quantiles by linear interpolation between order statistics (type 7, NumPy's default).</summary>
public static class Quantiles
{
    /// <summary>
    /// The threshold below which a further value of the same kind lies with a probability of at most
    /// <paramref name="share"/>, whatever their distribution: the k-th smallest of n, k = floor(share (n + 1)), for a
    /// further value is as likely to take any of the n + 1 ranks. (A quantile within the n is beaten more often: at 1 %
    /// and n = 50 nearly three times.) With fewer than 1 / share - 1 values no threshold promises that and lets
    /// anything be beyond; then it is the smallest, whose level is 1 / (n + 1).
    /// </summary>
    /// <param name="values">At least one, in any order.</param>
    /// <param name="share">0..1.</param>
    public static Cut Below(ReadOnlySpan<double> values, double share)
    {
        ArgumentOutOfRangeException.ThrowIfZero(values.Length);
        ArgumentOutOfRangeException.ThrowIfNegative(share);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(share, 1);
        var rank = Math.Clamp((int)Math.Floor(share * (values.Length + 1) + 1e-9), 1, values.Length);
        return new Cut(RobustStatistics.Sorted(values)[rank - 1], rank / (values.Length + 1.0));
    }

    /// <summary>The <paramref name="q"/>-quantile of values in any order; 0 is the minimum and 1 the maximum.</summary>
    public static double At(ReadOnlySpan<double> values, double q)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(q);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(q, 1);
        return SortedArrayStatistics.QuantileCustom(RobustStatistics.Sorted(values), q, QuantileDefinition.R7);
    }
}
