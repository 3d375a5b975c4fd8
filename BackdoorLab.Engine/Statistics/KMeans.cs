namespace BackdoorLab.Engine.Statistics;

/// <summary>Lloyd's k-means with k-means++ seeding; the best of several restarts.</summary>
public sealed class KMeans
{
    private KMeans(int[] assignments, float[] centers, double inertia) =>
        (Assignments, Centers, Inertia) = (assignments, centers, inertia);

    /// <summary>Cluster of each point.</summary>
    public int[] Assignments { get; }

    /// <summary>Centers [clusters, dimensions], row-major.</summary>
    public float[] Centers { get; }

    /// <summary>Sum of squared distances of the points to their centers.</summary>
    public double Inertia { get; }

    /// <summary>Points in each cluster.</summary>
    public int[] Sizes()
    {
        var sizes = new int[Assignments.Length == 0 ? 0 : Assignments.Max() + 1];
        foreach (var cluster in Assignments)
        {
            sizes[cluster]++;
        }

        return sizes;
    }

    /// <summary>
    /// Clusters points [N, dimensions], row-major. With fewer distinct points than clusters some clusters stay empty.
    /// </summary>
    public static KMeans Fit(
        float[] data,
        int dimensions,
        int clusters,
        Random random,
        int restarts = 10,
        int iterations = 50
    )
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(dimensions);
        ArgumentOutOfRangeException.ThrowIfNotEqual(data.Length % dimensions, 0);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(clusters);
        ArgumentOutOfRangeException.ThrowIfLessThan(data.Length / dimensions, clusters);
        KMeans? best = null;
        for (var restart = 0; restart < Math.Max(1, restarts); restart++)
        {
            var candidate = Run(data, dimensions, Seed(data, dimensions, clusters, random), clusters, iterations);
            best = best is null || candidate.Inertia < best.Inertia ? candidate : best;
        }

        return best!;
    }

    private static KMeans Run(float[] data, int dimensions, float[] centers, int clusters, int iterations)
    {
        var count = data.Length / dimensions;
        var assignments = new int[count];
        Array.Fill(assignments, -1);
        var distances = new double[count];
        for (var iteration = 0; iteration < Math.Max(1, iterations); iteration++)
        {
            if (!Assign(data, dimensions, centers, clusters, assignments, distances))
            {
                break;
            }

            Update(data, dimensions, centers, clusters, assignments, distances);
        }

        Assign(data, dimensions, centers, clusters, assignments, distances);
        return new KMeans(assignments, centers, distances.Sum());
    }

    private static bool Assign(
        float[] data,
        int dimensions,
        float[] centers,
        int clusters,
        int[] assignments,
        double[] distances
    )
    {
        var changed = false;
        for (var i = 0; i < assignments.Length; i++)
        {
            var point = data.AsSpan(i * dimensions, dimensions);
            var (nearest, distance) = (0, double.PositiveInfinity);
            for (var k = 0; k < clusters; k++)
            {
                var candidate = SquaredDistance(point, centers.AsSpan(k * dimensions, dimensions));
                (nearest, distance) = candidate < distance ? (k, candidate) : (nearest, distance);
            }

            changed |= assignments[i] != nearest;
            (assignments[i], distances[i]) = (nearest, distance);
        }

        return changed;
    }

    private static void Update(
        float[] data,
        int dimensions,
        float[] centers,
        int clusters,
        int[] assignments,
        double[] distances
    )
    {
        var sums = new double[clusters * dimensions];
        var sizes = new int[clusters];
        for (var i = 0; i < assignments.Length; i++)
        {
            var offset = assignments[i] * dimensions;
            sizes[assignments[i]]++;
            for (var d = 0; d < dimensions; d++)
            {
                sums[offset + d] += data[i * dimensions + d];
            }
        }

        for (var k = 0; k < clusters; k++)
        {
            if (sizes[k] == 0)
            {
                // An empty cluster takes the point that is served worst, which lowers the inertia most.
                var farthest = Array.IndexOf(distances, distances.Max());
                data.AsSpan(farthest * dimensions, dimensions).CopyTo(centers.AsSpan(k * dimensions));
                distances[farthest] = 0;
                continue;
            }

            for (var d = 0; d < dimensions; d++)
            {
                centers[k * dimensions + d] = (float)(sums[k * dimensions + d] / sizes[k]);
            }
        }
    }

    // k-means++: each further center is a point drawn with probability proportional to its squared distance to the
    // nearest one so far.
    private static float[] Seed(float[] data, int dimensions, int clusters, Random random)
    {
        var count = data.Length / dimensions;
        var centers = new float[clusters * dimensions];
        var distances = new double[count];
        Array.Fill(distances, double.PositiveInfinity);
        var chosen = random.Next(count);
        for (var k = 0; k < clusters; k++)
        {
            var center = data.AsSpan(chosen * dimensions, dimensions);
            center.CopyTo(centers.AsSpan(k * dimensions));
            var total = 0.0;
            for (var i = 0; i < count; i++)
            {
                distances[i] = Math.Min(distances[i], SquaredDistance(data.AsSpan(i * dimensions, dimensions), center));
                total += distances[i];
            }

            chosen = Draw(distances, total * random.NextDouble());
        }

        return centers;
    }

    private static int Draw(double[] weights, double target)
    {
        var last = 0;
        for (var i = 0; i < weights.Length; i++)
        {
            if (weights[i] > 0)
            {
                last = i;
                target -= weights[i];
                if (target < 0)
                {
                    break;
                }
            }
        }

        return last;
    }

    internal static double SquaredDistance(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++)
        {
            var difference = (double)a[i] - b[i];
            sum += difference * difference;
        }

        return sum;
    }
}
