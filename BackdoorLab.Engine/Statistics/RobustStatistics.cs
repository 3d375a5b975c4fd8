namespace BackdoorLab.Engine.Statistics;

/// <summary>Location and spread that a few wild values cannot move.</summary>
public static class RobustStatistics
{
    /// <summary>Makes the median absolute deviation estimate a normal distribution's standard deviation.</summary>
    public const double NormalConsistency = 1.4826;

    /// <summary>The middle value; the mean of the two middle ones for an even count.</summary>
    public static double Median(ReadOnlySpan<double> values)
    {
        var sorted = Sorted(values);
        var middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : sorted[middle - 1] + (sorted[middle] - sorted[middle - 1]) / 2;
    }

    /// <summary>Median absolute deviation from the median, without the consistency factor.</summary>
    public static double Mad(ReadOnlySpan<double> values)
    {
        var median = Median(values);
        var deviations = new double[values.Length];
        for (var i = 0; i < deviations.Length; i++)
        {
            deviations[i] = Math.Abs(values[i] - median);
        }

        return Median(deviations);
    }

    /// <summary>
    /// The MAD index of every value: |value - median| / (1.4826 MAD). Without any spread (MAD 0) a value at the
    /// median has index 0 and any other one infinity: the caller decides what that means before it reports it.
    /// </summary>
    /// <param name="values">The values.</param>
    /// <param name="leastSpread">Taken in place of a spread (1.4826 MAD) that is smaller.</param>
    public static double[] AnomalyIndices(ReadOnlySpan<double> values, double leastSpread = 0)
    {
        var (median, spread) = (Median(values), Math.Max(leastSpread, NormalConsistency * Mad(values)));
        var indices = new double[values.Length];
        for (var i = 0; i < indices.Length; i++)
        {
            indices[i] = Index(Math.Abs(values[i] - median), spread);
        }

        return indices;
    }

    /// <summary>
    /// The index that a value of zero would get: the highest that anything non-negative can reach below the median. A
    /// rule whose cut lies above this ceiling cannot decide. Infinite when the values have no spread.
    /// </summary>
    public static double IndexCeiling(ReadOnlySpan<double> values) =>
        Index(Math.Abs(Median(values)), NormalConsistency * Mad(values));

    internal static double[] Sorted(ReadOnlySpan<double> values)
    {
        if (values.IsEmpty)
        {
            throw new ArgumentException("No values.", nameof(values));
        }

        var sorted = values.ToArray();
        foreach (var value in sorted)
        {
            if (double.IsNaN(value))
            {
                throw new ArgumentException("A value is not a number.", nameof(values));
            }
        }

        Array.Sort(sorted);
        return sorted;
    }

    private static double Index(double deviation, double spread) => deviation == 0 ? 0 : deviation / spread;
}
