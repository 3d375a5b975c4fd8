namespace BackdoorLab.Engine.Statistics;

/// <summary>
/// The kernel maximum mean discrepancy of two samples, by Gaussian kernels of two widths: half the median of all
/// squared distances, and once.
/// </summary>
public static class MeanDiscrepancy
{
    /// <summary>
    /// The squared discrepancy (means over all pairs, those of a point with itself included) times n m / (n + m); zero
    /// where a sample is empty or the median distance is zero.
    /// </summary>
    /// <param name="first">Points [n, dimensions], row-major.</param>
    /// <param name="second">Points [m, dimensions], row-major.</param>
    /// <param name="dimensions">Dimensions of a point.</param>
    public static double Of(double[] first, double[] second, int dimensions)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(dimensions);
        var (n, m) = (first.Length / dimensions, second.Length / dimensions);
        if (n == 0 || m == 0)
        {
            return 0;
        }

        double[] all = [.. first, .. second];
        var count = n + m;
        var distances = new double[count * (count - 1) / 2];
        var at = 0;
        for (var i = 0; i < count; i++)
        {
            for (var j = 0; j < i; j++)
            {
                distances[at++] = TwoMeans.SquaredDistance(
                    all.AsSpan(i * dimensions, dimensions),
                    all.AsSpan(j * dimensions, dimensions)
                );
            }
        }

        var median = LowerMedian(distances, count);
        if (median == 0)
        {
            return 0;
        }

        var (inFirst, inSecond, across) = (2.0 * n, 2.0 * m, 0.0);
        at = 0;
        for (var i = 0; i < count; i++)
        {
            for (var j = 0; j < i; j++)
            {
                var distance = distances[at++];
                var kernel = Math.Exp(-2 * distance / median) + Math.Exp(-distance / median);
                if (i < n)
                {
                    inFirst += 2 * kernel;
                }
                else if (j >= n)
                {
                    inSecond += 2 * kernel;
                }
                else
                {
                    across += kernel;
                }
            }
        }

        var squared = inFirst / ((double)n * n) + inSecond / ((double)m * m) - 2 * across / ((double)n * m);
        return squared * n * m / count;
    }

    // Of the full matrix: every pair twice, and the zeros of its diagonal; the lower one of two in the middle.
    private static double LowerMedian(double[] pairs, int count)
    {
        var middle = ((long)count * count - 1) / 2;
        var sorted = (double[])pairs.Clone();
        Array.Sort(sorted);
        return middle < count ? 0 : sorted[(middle - count) / 2];
    }
}
