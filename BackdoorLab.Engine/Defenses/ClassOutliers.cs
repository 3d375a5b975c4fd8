using BackdoorLab.Engine.Statistics;

namespace BackdoorLab.Engine.Defenses;

/// <summary>The outlier rule on one statistic a class: its MAD index above a cut.</summary>
internal static class ClassOutliers
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
    internal static double[] Above(double[] statistics)
    {
        var median = RobustStatistics.Median(statistics);
        return [.. BothSides(statistics).Select((index, label) => statistics[label] > median ? index : 0)];
    }

    /// <summary>MAD index of every class, in either direction.</summary>
    internal static double[] BothSides(double[] statistics) =>
        Array.ConvertAll(RobustStatistics.AnomalyIndices(statistics), index => Math.Min(Largest, index));

    /// <summary>What the rule says: flagged where an index is above the cut.</summary>
    /// <param name="statistics">One a class.</param>
    /// <param name="indices">Their indices.</param>
    /// <param name="cut">The cut.</param>
    /// <param name="figures">The numbers behind an answer.</param>
    internal static Verdict Decide(
        double[] statistics,
        double[] indices,
        double cut,
        params (string Id, double Value)[] figures
    ) =>
        statistics.Length < FewestClasses
            ? Verdict.NotDecidable(
                UndecidedReason.FewClasses,
                ("classes", statistics.Length),
                ("least-classes", FewestClasses)
            )
        : RobustStatistics.Mad(statistics) == 0
            ? Verdict.NotDecidable(
                UndecidedReason.NoClassSpread,
                ("median-statistic", RobustStatistics.Median(statistics))
            )
        : Verdict.Of(Array.Exists(indices, index => index > cut), [.. figures, (Metric.DetectorThreshold.Id, cut)]);
}
