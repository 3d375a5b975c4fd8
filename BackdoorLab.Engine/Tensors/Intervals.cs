namespace BackdoorLab.Engine.Tensors;

/// <summary>An interval of plausible values.</summary>
/// <param name="Low">Lower end.</param>
/// <param name="High">Upper end.</param>
public readonly record struct Interval(double Low, double High);

/// <summary>Confidence intervals that hold for the small counts of this field.</summary>
public static class Intervals
{
    /// <summary>
    /// The exact (Clopper-Pearson) interval of a share: it covers the true share at least as often as promised for
    /// any count, also at 0 and at <paramref name="count"/>. Without observations it is [0, 1].
    /// </summary>
    public static Interval ClopperPearson(int successes, int count, double confidence = 0.95)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(successes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(successes, count);
        var tail = Tail(confidence);
        return new Interval(
            successes == 0 ? 0 : SpecialFunctions.BetaQuantile(tail, successes, count - successes + 1),
            successes == count ? 1 : SpecialFunctions.BetaQuantile(1 - tail, successes + 1, count - successes));
    }

    /// <summary>Percentile bootstrap interval of a mean; the point when there is a single value.</summary>
    public static Interval BootstrapMean(
        ReadOnlySpan<double> values, Random random, double confidence = 0.95, int resamples = 2000)
    {
        ArgumentOutOfRangeException.ThrowIfZero(values.Length);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(resamples);
        var tail = Tail(confidence);
        var means = new double[resamples];
        for (var i = 0; i < resamples; i++)
        {
            var sum = 0.0;
            for (var j = 0; j < values.Length; j++)
            {
                sum += values[random.Next(values.Length)];
            }

            means[i] = sum / values.Length;
        }

        return new Interval(Quantiles.At(means, tail), Quantiles.At(means, 1 - tail));
    }

    /// <summary>
    /// Percentile bootstrap interval of the mean of <c>after[i] - before[i]</c>: the pairs are resampled, not the
    /// sides, so what a pair shares (its seed, its data set) cancels.
    /// </summary>
    public static Interval BootstrapPairedDifference(
        ReadOnlySpan<double> before,
        ReadOnlySpan<double> after,
        Random random,
        double confidence = 0.95,
        int resamples = 2000)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(after.Length, before.Length);
        var differences = new double[before.Length];
        for (var i = 0; i < differences.Length; i++)
        {
            differences[i] = after[i] - before[i];
        }

        return BootstrapMean(differences, random, confidence, resamples);
    }

    private static double Tail(double confidence)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(confidence);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(confidence, 1);
        return (1 - confidence) / 2;
    }
}
