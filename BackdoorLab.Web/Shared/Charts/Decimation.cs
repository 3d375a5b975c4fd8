namespace BackdoorLab.Web.Shared.Charts;

/// <summary>Thins out curves for the browser.</summary>
public static class Decimation
{
    /// <summary>Most points of a trace.</summary>
    public const int MostPoints = 2000;

    /// <summary>
    /// At most <paramref name="most"/> points in their order: the first, the last, and of each stretch between the
    /// lowest and the highest, so that no spike is lost.
    /// </summary>
    public static IReadOnlyList<T> Thin<T>(IReadOnlyList<T> points, Func<T, double?> value, int most = MostPoints)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 4);
        if (points.Count <= most)
        {
            return points;
        }

        var stretches = (most - 2) / 2;
        var kept = new SortedSet<int> { 0, points.Count - 1 };
        for (var stretch = 0; stretch < stretches; stretch++)
        {
            var start = 1 + (int)((long)(points.Count - 2) * stretch / stretches);
            var end = 1 + (int)((long)(points.Count - 2) * (stretch + 1) / stretches);
            var places = Enumerable.Range(start, end - start).Where(i => value(points[i]) is not null).ToList();
            kept.UnionWith(
                places.Count == 0 ? [start] : [places.MinBy(i => value(points[i])), places.MaxBy(i => value(points[i]))]
            );
        }

        return [.. kept.Select(i => points[i])];
    }
}
