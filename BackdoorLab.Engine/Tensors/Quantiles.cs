namespace BackdoorLab.Engine.Tensors;

/// <summary>Quantiles by linear interpolation between order statistics (type 7, NumPy's default).</summary>
public static class Quantiles
{
    /// <summary>The <paramref name="q"/>-quantile of values in any order; 0 is the minimum and 1 the maximum.</summary>
    public static double At(ReadOnlySpan<double> values, double q)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(q);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(q, 1);
        var sorted = RobustStatistics.Sorted(values);
        var position = q * (sorted.Length - 1);
        var below = (int)Math.Floor(position);
        var above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] == sorted[above]
            ? sorted[below]
            : sorted[below] + (position - below) * (sorted[above] - sorted[below]);
    }
}
