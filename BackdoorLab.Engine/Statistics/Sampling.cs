namespace BackdoorLab.Engine.Statistics;

/// <summary>Random subsets of indices.</summary>
public static class Sampling
{
    /// <summary>
    /// At most <paramref name="limit"/> of the indices 0..<paramref name="count"/> - 1, without repetition,
    /// ascending; all of them when there are not more, and then nothing is drawn.
    /// </summary>
    public static int[] Choose(int count, int limit, Random random)
    {
        int[] indices = [.. Enumerable.Range(0, count)];
        if (count <= limit)
        {
            return indices;
        }

        for (var i = 0; i < limit; i++)
        {
            var other = i + random.Next(count - i);
            (indices[i], indices[other]) = (indices[other], indices[i]);
        }

        var chosen = indices[..limit];
        Array.Sort(chosen);
        return chosen;
    }
}
