namespace BackdoorLab.Engine.Statistics;

/// <summary>How well clusters are separated: near 1 apart, near 0 overlapping, below 0 wrong.</summary>
public static class Silhouette
{
    /// <summary>
    /// Mean of (b - a) / max(a, b) over points [N, dimensions]: a is the mean Euclidean distance to the other points
    /// of the own cluster, b the lowest mean distance to another cluster; a point alone in its cluster counts 0. The
    /// cost is quadratic, so more than <paramref name="maxSamples"/> points are thinned at random first. 0 when fewer
    /// than two clusters have points.
    /// </summary>
    public static double Score(float[] data, int dimensions, int[] assignments, int maxSamples, Random random)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(data.Length, assignments.Length * dimensions);
        var points = Sampling.Choose(assignments.Length, maxSamples, random);
        var clusters = points.Length == 0 ? 0 : points.Max(point => assignments[point]) + 1;
        var sizes = new int[clusters];
        foreach (var point in points)
        {
            sizes[assignments[point]]++;
        }

        if (sizes.Count(size => size > 0) < 2)
        {
            return 0;
        }

        var total = 0.0;
        var sums = new double[clusters];
        foreach (var point in points)
        {
            Array.Clear(sums);
            foreach (var other in points)
            {
                sums[assignments[other]] += Math.Sqrt(
                    KMeans.SquaredDistance(
                        data.AsSpan(point * dimensions, dimensions),
                        data.AsSpan(other * dimensions, dimensions)
                    )
                );
            }

            total += OfPoint(assignments[point], sums, sizes);
        }

        return total / points.Length;
    }

    private static double OfPoint(int own, double[] sums, int[] sizes)
    {
        if (sizes[own] == 1)
        {
            return 0;
        }

        var a = sums[own] / (sizes[own] - 1);
        var b = double.PositiveInfinity;
        for (var k = 0; k < sums.Length; k++)
        {
            b = k != own && sizes[k] > 0 ? Math.Min(b, sums[k] / sizes[k]) : b;
        }

        return a == b ? 0 : (b - a) / Math.Max(a, b);
    }
}
