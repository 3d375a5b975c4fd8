namespace BackdoorLab.Engine.Defenses;

/// <summary>How clearly numbers on a line fall into two groups.</summary>
internal static class TwoGroups
{
    /// <summary>What a normal distribution scores: 2 / pi.</summary>
    internal const double OfNormal = 2 / Math.PI;

    /// <summary>
    /// Variance between the groups over all variance, for the cut that makes it largest (Otsu's criterion): 1 for two
    /// points of mass; 0 when the values have no spread.
    /// </summary>
    internal static double Separation(ReadOnlySpan<double> values)
    {
        var sorted = values.ToArray();
        Array.Sort(sorted);
        var mean = sorted.Length == 0 ? 0 : sorted.Average();
        var total = sorted.Sum(value => (value - mean) * (value - mean));
        if (total == 0)
        {
            return 0;
        }

        var (best, below) = (0.0, 0.0);
        for (var cut = 1; cut < sorted.Length; cut++)
        {
            // With centred values the two groups' sums are opposite, so one of them gives both group means.
            below += sorted[cut - 1] - mean;
            best = Math.Max(best, below * below * sorted.Length / ((double)cut * (sorted.Length - cut)));
        }

        return Math.Min(1, best / total);
    }
}
