namespace BackdoorLab.Engine.Tensors;

/// <summary>The functions behind exact binomial intervals and those of means.</summary>
public static class SpecialFunctions
{
    // Lanczos' series with g = 7; good to about 1e-15 for positive arguments.
    private static readonly double[] Lanczos =
    [
        0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
        12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
    ];

    /// <summary>ln of the gamma function for <paramref name="x"/> of at least 0.5.</summary>
    public static double LogGamma(double x)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(x, 0.5);
        var sum = Lanczos[0];
        for (var i = 1; i < Lanczos.Length; i++)
        {
            sum += Lanczos[i] / (x - 1 + i);
        }

        var t = x + 6.5;
        return 0.5 * Math.Log(2 * Math.PI) + (x - 0.5) * Math.Log(t) - t + Math.Log(sum);
    }

    /// <summary>
    /// Regularised incomplete beta function I_x(a, b): the probability that a Beta(a, b) variable is at most
    /// <paramref name="x"/>.
    /// </summary>
    public static double RegularizedBeta(double x, double a, double b)
    {
        if (x <= 0 || x >= 1)
        {
            return x <= 0 ? 0 : 1;
        }

        var front = Math.Exp(LogGamma(a + b) - LogGamma(a) - LogGamma(b) + a * Math.Log(x) + b * Math.Log(1 - x));

        // The continued fraction converges fast only left of the mean; the other side follows by symmetry.
        return x < (a + 1) / (a + b + 2) ? front * Fraction(x, a, b) / a : 1 - front * Fraction(1 - x, b, a) / b;
    }

    /// <summary>
    /// The value below which a Beta(a, b) variable lies with probability <paramref name="p"/>, by bisection.
    /// </summary>
    public static double BetaQuantile(double p, double a, double b)
    {
        var (low, high) = (0.0, 1.0);
        for (var i = 0; i < 100 && high - low > 1e-15; i++)
        {
            var middle = (low + high) / 2;
            (low, high) = RegularizedBeta(middle, a, b) < p ? (middle, high) : (low, middle);
        }

        return (low + high) / 2;
    }

    /// <summary>
    /// The value below which Student's t with <paramref name="freedom"/> degrees of freedom lies with probability <paramref name="p"/>, from
    /// P(|T| > t) = I_x(freedom / 2, 1 / 2) at x = freedom / (freedom + t^2).
    /// </summary>
    /// <param name="p">Above 0 and below 1.</param>
    /// <param name="freedom">At least 1.</param>
    public static double StudentQuantile(double p, double freedom)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(freedom, 1);
        if (p < 0.5)
        {
            return -StudentQuantile(1 - p, freedom);
        }

        // Solved for 1 - x, which keeps its digits where there are many degrees of freedom.
        var rest = BetaQuantile(1 - 2 * (1 - p), 0.5, freedom / 2);
        return Math.Sqrt(freedom * rest / (1 - rest));
    }

    // Lentz's evaluation of the continued fraction of I_x(a, b).
    private static double Fraction(double x, double a, double b)
    {
        const double Tiny = 1e-300;
        var c = 1.0;
        var d = 1 / NotZero(1 - (a + b) * x / (a + 1));
        var result = d;
        for (var m = 1; m <= 10_000; m++)
        {
            var even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
            d = 1 / NotZero(1 + even * d);
            c = NotZero(1 + even / c);
            result *= d * c;
            var odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
            d = 1 / NotZero(1 + odd * d);
            c = NotZero(1 + odd / c);
            var factor = d * c;
            result *= factor;
            if (Math.Abs(factor - 1) < 1e-15)
            {
                break;
            }
        }

        return result;

        static double NotZero(double value) => Math.Abs(value) < Tiny ? Tiny : value;
    }
}
