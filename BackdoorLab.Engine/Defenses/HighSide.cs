using BackdoorLab.Engine.Statistics;

namespace BackdoorLab.Engine.Defenses;

/// <summary>The outlier rule on one statistic a class: MAD index above a cut.</summary>
internal static class HighSide
{
    /// <summary>The usual cut of class statistics, e squared.</summary>
    internal const double Cut = 7.38905609893065;

    /// <summary>
    /// Fewest classes of which the rule says anything. Of three independent normal values the largest is above the cut
    /// in 7 % of cases, of six in 1.3 % (simulated).
    /// </summary>
    internal const int FewestClasses = 6;

    // Stored in place of infinity, which no spread gives.
    private const double Largest = 1000;

    /// <summary>MAD index of every class; 0 at or below the median.</summary>
    internal static double[] Indices(double[] statistics)
    {
        var median = RobustStatistics.Median(statistics);
        var indices = RobustStatistics.AnomalyIndices(statistics);
        for (var i = 0; i < indices.Length; i++)
        {
            indices[i] = statistics[i] > median ? Math.Min(Largest, indices[i]) : 0;
        }

        return indices;
    }
}
