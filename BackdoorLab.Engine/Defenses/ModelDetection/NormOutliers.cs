using BackdoorLab.Engine.Statistics;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// Neural Cleanse's outlier rule on the norms of the reversed triggers, with what a reader needs to judge it.
/// </summary>
internal sealed record NormOutliers
{
    /// <summary>The paper's cut.</summary>
    internal const double Cut = 2;

    /// <summary>Below this ceiling an index under the cut says nothing.</summary>
    internal const double DecidableCeiling = 3;

    // Ten honest classes can lie so close together that one which is a third smaller looks far away. In benign
    // trainings of the standard preset (two seeds, four schedules each) the smallest norm was 0.65 to 0.78 of the
    // median, so no smaller spread of log norms is believed: a class under 0.6 of the median is an outlier at the
    // earliest.
    private const double LeastLogSpread = 0.25;

    // Stored in place of infinity, which no spread gives.
    private const double Largest = 1000;

    /// <summary>MAD index of every class, on the small side only: 0 at or above the median.</summary>
    internal required double[] Indices { get; init; }

    /// <summary>The same on log norms, whose spread is taken as at least a quarter.</summary>
    internal required double[] LogIndices { get; init; }

    /// <summary>The index that a norm of zero would get with this spread.</summary>
    internal required double Ceiling { get; init; }

    /// <summary>Class of the smallest norm.</summary>
    internal required int Smallest { get; init; }

    /// <summary>Median norm.</summary>
    internal required double Median { get; init; }

    /// <summary>Norm below which the index exceeds <see cref="Cut"/>; not positive when nothing can.</summary>
    internal required double CutNorm { get; init; }

    /// <summary>
    /// The paper's rule could hardly have flagged anything: index under the cut and ceiling under
    /// <see cref="DecidableCeiling"/>.
    /// </summary>
    internal bool Undecidable => Indices[Smallest] <= Cut && Ceiling < DecidableCeiling;

    /// <summary>
    /// What a rule on these norms says. The ceiling is that of the raw norms: the logarithm of a norm near zero is an
    /// outlier in any spread.
    /// </summary>
    /// <param name="flagged">Whether it flags a class.</param>
    /// <param name="rule">Which statistic decides.</param>
    internal Verdict Verdict(bool flagged, NormRule rule)
    {
        (string, double)[] figures =
        [
            rule == NormRule.Paper
                ? (InversionNumbers.AnomalyIndex.Id, Indices[Smallest])
                : (InversionNumbers.LogAnomalyIndex.Id, LogIndices[Smallest]),
            (InversionNumbers.IndexCeiling.Id, Ceiling),
            (Metric.DetectorThreshold.Id, Cut),
        ];
        return !flagged && rule == NormRule.Paper && Undecidable
            ? Results.Verdict.NotDecidable(UndecidedReason.NormCeiling, figures)
            : Results.Verdict.Of(flagged, figures);
    }

    /// <summary>
    /// Applies the rule. Norms are positive; <paramref name="eligible"/> are the classes whose trigger works.
    /// </summary>
    internal static NormOutliers Of(double[] norms, bool[] eligible)
    {
        var logs = Array.ConvertAll(norms, norm => Math.Log(Math.Max(norm, 1e-6)));
        var median = RobustStatistics.Median(norms);
        var candidates = Enumerable
            .Range(0, norms.Length)
            .Where(label => eligible[label])
            .DefaultIfEmpty(Array.IndexOf(norms, norms.Min()));
        return new NormOutliers
        {
            Indices = LowSide(norms),
            LogIndices = LowSide(logs, LeastLogSpread),
            Ceiling = Math.Min(Largest, RobustStatistics.IndexCeiling(norms)),
            Smallest = candidates.MinBy(label => norms[label]),
            Median = median,
            CutNorm = median - Cut * RobustStatistics.NormalConsistency * RobustStatistics.Mad(norms),
        };
    }

    private static double[] LowSide(double[] values, double leastSpread = 0)
    {
        var median = RobustStatistics.Median(values);
        var indices = RobustStatistics.AnomalyIndices(values, leastSpread);
        for (var i = 0; i < indices.Length; i++)
        {
            indices[i] = values[i] < median ? Math.Min(Largest, indices[i]) : 0;
        }

        return indices;
    }
}
