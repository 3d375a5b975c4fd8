using BackdoorLab.Engine.Statistics;
using MathNet.Numerics.LinearAlgebra;

namespace BackdoorLab.Engine.Defenses;

/// <summary>What SCAn takes for the mean of a class that is one group.</summary>
public enum SingleMean
{
    /// <summary>The mean of the class's samples: what the likelihood ratio asks for.</summary>
    ClassMean,

    /// <summary>Their posterior mean, as in the estimation of the covariances.</summary>
    Posterior,

    /// <summary>
    /// The released code's: without the factor that would make it the posterior mean. In directions in which class
    /// means vary it lies near the mean of all classes, in the others it is many times the class's own.
    /// </summary>
    Released,
}

/// <summary>
/// SCAn's test of one class: is it a mixture of two groups that share their variation, or one? Points are whitened
/// (<see cref="FeatureVariation.Whitened"/>), so distances are Euclidean.
/// </summary>
internal sealed class SubgroupTest
{
    private SubgroupTest(bool[] inSecond, double[] first, double[] second, double statistic) =>
        (InSecond, First, Second, Statistic) = (inSecond, first, second, statistic);

    /// <summary>Which points are in the second group; none where all points are alike.</summary>
    internal bool[] InSecond { get; }

    /// <summary>Mean of the first group.</summary>
    internal double[] First { get; }

    /// <summary>Mean of the second group.</summary>
    internal double[] Second { get; }

    /// <summary>
    /// Twice the logarithm of the likelihood ratio, for each point: mean of the squared distance to the single mean
    /// less that to the point's own group's mean.
    /// </summary>
    internal double Statistic { get; }

    /// <summary>Splits points [N, dimensions], row-major, N at least 2, and tests the split.</summary>
    /// <param name="points">Whitened points.</param>
    /// <param name="variation">Where they come from.</param>
    /// <param name="single">The mean without a split.</param>
    /// <param name="restarts">Starts of the split; the one that explains most counts.</param>
    /// <param name="random">Where it starts.</param>
    internal static SubgroupTest Of(
        double[] points,
        FeatureVariation variation,
        SingleMean single,
        int restarts,
        Random random
    )
    {
        var dimensions = variation.Dimensions;
        var count = points.Length / dimensions;
        var split = TwoMeans.Fit(points, dimensions, restarts, random);
        var alone = Mean(points, variation, single);
        var statistic = 0.0;
        for (var i = 0; i < count; i++)
        {
            var point = points.AsSpan(i * dimensions, dimensions);
            statistic +=
                TwoMeans.SquaredDistance(point, alone)
                - TwoMeans.SquaredDistance(point, split.InSecond[i] ? split.Second : split.First);
        }

        return new(split.InSecond, split.First, split.Second, statistic / count);
    }

    /// <summary>
    /// The single mean of whitened points. With B the whitened covariance of class means, n points and their mean m:
    /// m itself; B (n B + I)^-1 n m; or, without the factor B, (n B + I)^-1 n m.
    /// </summary>
    internal static double[] Mean(double[] points, FeatureVariation variation, SingleMean single)
    {
        var dimensions = variation.Dimensions;
        var count = points.Length / dimensions;
        var sum = Vector<double>.Build.Dense(dimensions);
        for (var i = 0; i < points.Length; i++)
        {
            sum[i % dimensions] += points[i];
        }

        if (single == SingleMean.ClassMean)
        {
            return (sum / count).ToArray();
        }

        var between = variation.WhitenedBetween;
        var shrunk = (count * between + Matrix<double>.Build.DenseIdentity(dimensions)).Cholesky().Solve(sum);
        return (single == SingleMean.Posterior ? between * shrunk : shrunk).ToArray();
    }
}
