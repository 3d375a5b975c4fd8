using MathNet.Numerics.Distributions;

namespace BackdoorLab.Engine.Statistics;

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
            successes == 0 ? 0 : Beta.InvCDF(successes, count - successes + 1, tail),
            successes == count ? 1 : Beta.InvCDF(successes + 1, count - successes, 1 - tail)
        );
    }

    /// <summary>
    /// Student's t interval of a mean: mean +- t(n - 1) s / sqrt(n), which covers as promised from two values on where
    /// they are about normal. (The percentile bootstrap, which is common here, covers 82 to 87 % of the time with five
    /// values when it says 95.) Of very skewed values it too covers less. Null for a single value, and for equal ones:
    /// they show no spread to go by, and an interval without width would claim certainty.
    /// </summary>
    /// <param name="values">At least one.</param>
    /// <param name="low">Least value that the mean can have; ends beyond it are cut there, which costs no
    /// coverage.</param>
    /// <param name="high">Largest.</param>
    /// <param name="confidence">Level, above 0 and below 1.</param>
    public static Interval? Mean(
        ReadOnlySpan<double> values,
        double low = double.NegativeInfinity,
        double high = double.PositiveInfinity,
        double confidence = 0.95
    )
    {
        ArgumentOutOfRangeException.ThrowIfZero(values.Length);
        var tail = Tail(confidence);
        var summary = Summary.Of(values);
        if (summary.Minimum == summary.Maximum)
        {
            return null;
        }

        var error = summary.StandardDeviation!.Value / Math.Sqrt(values.Length);
        var half = StudentT.InvCDF(0, 1, values.Length - 1, 1 - tail) * error;
        return new Interval(Math.Max(low, summary.Mean - half), Math.Min(high, summary.Mean + half));
    }

    /// <summary>
    /// Interval of a difference of two shares by squares added to their own intervals' sides: R. G. Newcombe, "Interval
    /// estimation for the difference between independent proportions", Statistics in Medicine 17, 1998, method 10, here
    /// for whatever intervals the shares have. Where both are of the same images they are not independent and mostly
    /// rise together; it is then wider than it need be.
    /// </summary>
    /// <param name="first">Share that the other is taken from, 0..1.</param>
    /// <param name="ofFirst">Its interval.</param>
    /// <param name="second">Share that is taken off, 0..1.</param>
    /// <param name="ofSecond">Its interval.</param>
    public static Interval Difference(double first, Interval ofFirst, double second, Interval ofSecond)
    {
        var difference = first - second;
        return new Interval(
            difference - Length(first - ofFirst.Low, ofSecond.High - second),
            difference + Length(ofFirst.High - first, second - ofSecond.Low)
        );

        static double Length(double one, double other) => Math.Sqrt(one * one + other * other);
    }

    /// <summary>
    /// Interval of an area under the ROC curve from a few scores: those areas A from which the measured one is less
    /// than t standard errors away, where the error is Hanley and McNeil's at A itself (not at the measured area, which
    /// at 1 would have none). Method 5 of R. G. Newcombe, "Confidence intervals for an effect size measure based on the
    /// Mann-Whitney statistic. Part 2", Statistics in Medicine 25, 2006, with Student's quantile of n - 2 degrees of
    /// freedom in place of the normal one: with that it covers at least as often as it says from two scores of each
    /// kind on, for areas of 0.5 to 0.98 (the normal one 90 % at three and an area of 0.5).
    /// </summary>
    /// <param name="area">Measured area, 0..1.</param>
    /// <param name="negatives">Number of scores, at least one.</param>
    /// <param name="positives">Number of scores, at least one.</param>
    /// <param name="confidence">Level, above 0 and below 1.</param>
    public static Interval Auroc(double area, int negatives, int positives, double confidence = 0.95)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(negatives);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(positives);
        ArgumentOutOfRangeException.ThrowIfNegative(area);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(area, 1);

        var errors = StudentT.InvCDF(0, 1, Math.Max(1, negatives + positives - 2), 1 - Tail(confidence));
        return new Interval(End(0), End(1));

        double End(double side)
        {
            // Near the measured area the distance is below so many errors, at the side itself the error is 0.
            var (inside, outside) = (area, side);
            for (var i = 0; i < 60; i++)
            {
                var middle = (inside + outside) / 2;
                (inside, outside) =
                    Math.Abs(area - middle) < errors * Error(middle) ? (middle, outside) : (inside, middle);
            }

            return area == side ? side : (inside + outside) / 2;
        }

        double Error(double a)
        {
            var others = (negatives + positives) / 2.0 - 1;
            return Math.Sqrt(
                a * (1 - a) * (1 + others * ((1 - a) / (2 - a) + a / (1 + a))) / ((double)negatives * positives)
            );
        }
    }

    private static double Tail(double confidence)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(confidence);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(confidence, 1);
        return (1 - confidence) / 2;
    }
}
