namespace BackdoorLab.Engine.Statistics;

/// <summary>
/// k-means with two clusters in double arithmetic, for likelihood ratios: the best of several starts, each seeded as
/// k-means++.
/// </summary>
internal sealed record TwoMeans(bool[] InSecond, double[] First, double[] Second, double Inertia)
{
    private const int MostRounds = 100;

    /// <summary>
    /// Splits points [N, dimensions], row-major. Where all points are alike the second cluster stays empty and both
    /// means are equal.
    /// </summary>
    internal static TwoMeans Fit(double[] points, int dimensions, int restarts, Random random)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(dimensions);
        ArgumentOutOfRangeException.ThrowIfNotEqual(points.Length % dimensions, 0);
        ArgumentOutOfRangeException.ThrowIfLessThan(points.Length, dimensions);
        TwoMeans? best = null;
        for (var start = 0; start < Math.Max(1, restarts); start++)
        {
            var split = Run(points, dimensions, random);
            best = best is null || split.Inertia < best.Inertia ? split : best;
        }

        return best!;
    }

    internal static double SquaredDistance(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++)
        {
            sum += (a[i] - b[i]) * (a[i] - b[i]);
        }

        return sum;
    }

    private static TwoMeans Run(double[] points, int dimensions, Random random)
    {
        var count = points.Length / dimensions;
        var inSecond = new bool[count];
        var first = points.AsSpan(random.Next(count) * dimensions, dimensions).ToArray();
        var second = points.AsSpan(Far(points, first, random) * dimensions, dimensions).ToArray();
        for (var round = 0; round < MostRounds; round++)
        {
            var changed = false;
            for (var i = 0; i < count; i++)
            {
                var point = points.AsSpan(i * dimensions, dimensions);
                var nearer = SquaredDistance(point, second) < SquaredDistance(point, first);
                (changed, inSecond[i]) = (changed | nearer != inSecond[i], nearer);
            }

            if (!changed)
            {
                break;
            }

            first = MeanOf(points, dimensions, inSecond, false) ?? first;
            second = MeanOf(points, dimensions, inSecond, true) ?? second;
        }

        // The rounds may have ended between the two steps.
        first = MeanOf(points, dimensions, inSecond, false) ?? first;
        second = MeanOf(points, dimensions, inSecond, true) ?? first;
        var inertia = 0.0;
        for (var i = 0; i < count; i++)
        {
            inertia += SquaredDistance(points.AsSpan(i * dimensions, dimensions), inSecond[i] ? second : first);
        }

        return new(inSecond, first, second, inertia);
    }

    // A point drawn with probability proportional to its squared distance.
    private static int Far(double[] points, double[] from, Random random)
    {
        var count = points.Length / from.Length;
        var distances = new double[count];
        for (var i = 0; i < count; i++)
        {
            distances[i] = SquaredDistance(points.AsSpan(i * from.Length, from.Length), from);
        }

        var target = distances.Sum() * random.NextDouble();
        var last = 0;
        for (var i = 0; i < count && target >= 0; i++)
        {
            if (distances[i] > 0)
            {
                (last, target) = (i, target - distances[i]);
            }
        }

        return last;
    }

    private static double[]? MeanOf(double[] points, int dimensions, bool[] inSecond, bool which)
    {
        var mean = new double[dimensions];
        var members = 0;
        for (var i = 0; i < inSecond.Length; i++)
        {
            if (inSecond[i] == which)
            {
                members++;
                for (var d = 0; d < dimensions; d++)
                {
                    mean[d] += points[i * dimensions + d];
                }
            }
        }

        return members == 0 ? null : Array.ConvertAll(mean, value => value / members);
    }
}
