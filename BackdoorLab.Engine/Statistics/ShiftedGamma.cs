using MathNet.Numerics;
using MathNet.Numerics.Distributions;

namespace BackdoorLab.Engine.Statistics;

/// <summary>A gamma distribution that begins at a location, fitted by maximum likelihood.</summary>
/// <param name="Shape">Shape.</param>
/// <param name="Scale">Scale.</param>
/// <param name="Location">Where it begins.</param>
public sealed record ShiftedGamma(double Shape, double Scale, double Location)
{
    // Distances of the location from the smallest value that are tried, as decades of the values' range.
    private const double NearestDecade = -4;
    private const double FarthestDecade = 3;
    private const int PerDecade = 20;

    /// <summary>
    /// The fit that begins at zero; null where a value is not positive, or where all are equal and no fit is best.
    /// </summary>
    public static ShiftedGamma? AtZero(ReadOnlySpan<double> values) => At(0, values);

    /// <summary>
    /// The fit with a free location. The likelihood is without bound as the location nears the smallest value at a
    /// shape below 1, so the estimate is the largest maximum below it with a shape above 1; null where there is none:
    /// it grows without end towards a normal distribution, or has no such maximum at all.
    /// </summary>
    public static ShiftedGamma? Free(ReadOnlySpan<double> values)
    {
        var sorted = RobustStatistics.Sorted(values);
        var (smallest, range) = (sorted[0], sorted[^1] - sorted[0]);
        if (range == 0)
        {
            return null;
        }

        var count = (int)Math.Round((FarthestDecade - NearestDecade) * PerDecade) + 1;
        var profile = new double[count];
        for (var i = 0; i < count; i++)
        {
            profile[i] = LogLikelihood(Decade(i));
        }

        ShiftedGamma? best = null;
        for (var i = 1; i < count - 1; i++)
        {
            if (profile[i] > profile[i - 1] && profile[i] >= profile[i + 1])
            {
                var candidate = Fit(Highest(LogLikelihood, Decade(i - 1), Decade(i + 1)));
                best =
                    candidate is { Shape: > 1 }
                    && (best is null || candidate.LogLikelihood(sorted) > best.LogLikelihood(sorted))
                        ? candidate
                        : best;
            }
        }

        return best;

        double Decade(int i) => NearestDecade + (double)i / PerDecade;

        ShiftedGamma? Fit(double decade) => At(smallest - range * Math.Pow(10, decade), sorted);

        double LogLikelihood(double decade) => Fit(decade)?.LogLikelihood(sorted) ?? double.NegativeInfinity;
    }

    /// <summary>Probability of a value above <paramref name="value"/>.</summary>
    public double Above(double value) =>
        value <= Location ? 1 : SpecialFunctions.GammaUpperRegularized(Shape, (value - Location) / Scale);

    /// <summary>
    /// Probability that the largest of <paramref name="count"/> values is above <paramref name="value"/>:
    /// 1 - F(value)^count, also where F is one up to rounding.
    /// </summary>
    public double LargestAbove(double value, int count)
    {
        var above = Above(value);
        return above >= 1 ? 1 : -SpecialFunctions.Expm1(count * SpecialFunctions.Log1p(-above));
    }

    /// <summary>
    /// The value that the largest of <paramref name="count"/> exceeds with probability <paramref name="share"/>.
    /// </summary>
    public double LargestCut(double share, int count) =>
        Location + Gamma.InvCDF(Shape, 1 / Scale, Math.Pow(1 - share, 1.0 / count));

    /// <summary>Density at <paramref name="value"/>.</summary>
    public double Density(double value) => value <= Location ? 0 : Gamma.PDF(Shape, 1 / Scale, value - Location);

    private double LogLikelihood(double[] values)
    {
        var sum = 0.0;
        foreach (var value in values)
        {
            var place = value - Location;
            sum += (Shape - 1) * Math.Log(place) - place / Scale;
        }

        return sum - values.Length * (Shape * Math.Log(Scale) + SpecialFunctions.GammaLn(Shape));
    }

    private static ShiftedGamma? At(double location, ReadOnlySpan<double> values)
    {
        var (mean, meanLog) = (0.0, 0.0);
        foreach (var value in values)
        {
            mean += (value - location) / values.Length;
            meanLog += Math.Log(value - location) / values.Length;
        }

        var gap = Math.Log(mean) - meanLog;
        return double.IsFinite(gap) && gap > 0 && ShapeOf(gap) is var shape
            ? new ShiftedGamma(shape, mean / shape, location)
            : null;
    }

    // The shape at which log(shape) - digamma(shape), which falls in shape, is the gap.
    private static double ShapeOf(double gap)
    {
        // Close to equal values: the difference is 1 / (2 shape), and that of two logarithms has no digits left.
        const double nearlyEqual = 1e-6;
        if (gap < nearlyEqual)
        {
            return 1 / (2 * gap);
        }

        // 1 / (2 k) < log k - digamma(k) < 1 / k.
        var (low, high) = (1 / (2 * gap), 1 / gap);
        for (var i = 0; i < 100 && high - low > 1e-14 * high; i++)
        {
            var middle = (low + high) / 2;
            (low, high) = Math.Log(middle) - SpecialFunctions.DiGamma(middle) > gap ? (middle, high) : (low, middle);
        }

        return (low + high) / 2;
    }

    // Golden section.
    private static double Highest(Func<double, double> of, double low, double high)
    {
        var ratio = (Math.Sqrt(5) - 1) / 2;
        while (high - low > 1e-10)
        {
            var (left, right) = (high - ratio * (high - low), low + ratio * (high - low));
            (low, high) = of(left) > of(right) ? (low, right) : (left, high);
        }

        return (low + high) / 2;
    }
}
