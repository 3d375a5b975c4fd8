namespace BackdoorLab.Engine.Federated;

/// <summary>
/// FLAME's clustering: HDBSCAN with min_cluster_size floor(n/2) + 1, min_samples 1 and a single cluster allowed. That
/// is exactly: merge points in order of rising distance (single linkage); the first component of floor(n/2) + 1 points
/// is the cluster, the rest is noise. For: with min_samples 1 a point's core distance is that to its nearest neighbour,
/// so mutual reachability is the distance itself; two clusters of more than half of the points cannot both exist, so
/// the condensed tree never splits and its root is selected; and of the root those points are labelled that stay until
/// it falls below the minimum size, which are those of the smallest component that reaches it. Points that join at the
/// same distance as the last one belong to it too, which also makes the answer independent of the points' order.
/// </summary>
public static class MajorityCluster
{
    // Far above the rounding of cosines in double precision, far below any difference between clients.
    private const double SameDistance = 1e-12;

    /// <summary>Which of the points belong to the cluster; always more than half of them.</summary>
    /// <param name="count">Number of points, at least 1.</param>
    /// <param name="distance">Distance of two points by index, symmetric.</param>
    public static bool[] Find(int count, Func<int, int, double> distance)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var minimum = (count / 2) + 1;
        int[] component = [.. Enumerable.Range(0, count)];
        var pairs = Enumerable
            .Range(0, count)
            .SelectMany(i =>
                Enumerable.Range(i + 1, count - i - 1).Select(j => (From: i, To: j, Distance: distance(i, j)))
            )
            .OrderBy(pair => pair.Distance)
            .ToArray();
        var next = 0;
        while (Largest(component).Size < minimum)
        {
            var limit = pairs[next].Distance + SameDistance;
            do
            {
                Merge(component, component[pairs[next].From], component[pairs[next].To]);
                next++;
            } while (next < pairs.Length && pairs[next].Distance <= limit);
        }

        var cluster = Largest(component).Root;
        return Array.ConvertAll(component, root => root == cluster);
    }

    private static (int Root, int Size) Largest(int[] component)
    {
        var sizes = new int[component.Length];
        foreach (var root in component)
        {
            sizes[root]++;
        }

        var largest = Array.IndexOf(sizes, sizes.Max());
        return (largest, sizes[largest]);
    }

    private static void Merge(int[] component, int one, int other)
    {
        if (one != other)
        {
            for (var i = 0; i < component.Length; i++)
            {
                component[i] = component[i] == other ? one : component[i];
            }
        }
    }
}
