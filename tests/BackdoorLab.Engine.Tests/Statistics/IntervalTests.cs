using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Statistics;
using MathNet.Numerics.Distributions;

namespace BackdoorLab.Engine.Tests.Statistics;

[Trait("Category", "Slow")]
public sealed class IntervalTests
{
    // Limits from exact binomial sums in 60-digit arithmetic.
    [Theory]
    [InlineData(5, 10, 0.187086028447, 0.812913971553)]
    [InlineData(8, 10, 0.443904537692, 0.974789273673)]
    [InlineData(1, 3, 0.008403758660, 0.905700675950)]
    [InlineData(950, 1000, 0.934609512085, 0.962664602395)]
    public void ClopperPearson_OfKnownCounts_MatchesExactSums(int successes, int count, double low, double high)
    {
        var interval = Intervals.ClopperPearson(successes, count);
        Assert.Equal(low, interval.Low, tolerance: 1e-11);
        Assert.Equal(high, interval.High, tolerance: 1e-11);
    }

    [Fact]
    public void ClopperPearson_AtTheEnds_HasTheClosedForm()
    {
        Assert.Equal(new Interval(0, 1), Intervals.ClopperPearson(0, 0));
        var none = Intervals.ClopperPearson(0, 10);
        Assert.Equal(0, none.Low);
        Assert.Equal(1 - Math.Pow(0.025, 0.1), none.High, 10);
        var all = Intervals.ClopperPearson(10, 10);
        Assert.Equal(Math.Pow(0.025, 0.1), all.Low, 10);
        Assert.Equal(1, all.High);
    }

    [Fact]
    public void ClopperPearson_OfComplement_IsMirrored()
    {
        for (var successes = 0; successes <= 37; successes++)
        {
            var (a, b) = (Intervals.ClopperPearson(successes, 37), Intervals.ClopperPearson(37 - successes, 37));
            Assert.Equal(a.Low, 1 - b.High, 10);
            Assert.InRange(successes / 37.0, a.Low, a.High);
        }
    }

    // Published tables, and t(1) = tan(0.475 pi).
    [Theory]
    [InlineData(1, 12.706204736174698)]
    [InlineData(2, 4.302652729749464)]
    [InlineData(4, 2.776445105197792)]
    [InlineData(9, 2.262157162740992)]
    [InlineData(1e7, 1.959964221)]
    public void Student_OfTheUsualLevel_MatchesTables(double freedom, double expected)
    {
        Assert.Equal(expected, StudentT.InvCDF(0, 1, freedom, 0.975), tolerance: 1e-6);
        Assert.Equal(-expected, StudentT.InvCDF(0, 1, freedom, 0.025), tolerance: 1e-6);
    }

    [Fact]
    public void Mean_OfKnownValues_IsStudentsInterval()
    {
        // Mean 3, deviation sqrt(2.5), 2.776445 sqrt(2.5 / 5) = 1.963243.
        var interval = Intervals.Mean([1, 2, 3, 4, 5])!.Value;
        Assert.Equal(3 - 1.963243, interval.Low, tolerance: 1e-5);
        Assert.Equal(3 + 1.963243, interval.High, tolerance: 1e-5);

        // 0.9 +- 4.302653 x 0.1 / sqrt(3), cut where a share ends.
        var share = Intervals.Mean([0.8, 0.9, 1], 0, 1)!.Value;
        Assert.Equal(0.9 - 0.248414, share.Low, tolerance: 1e-5);
        Assert.Equal(1, share.High);
    }

    [Fact]
    public void Mean_OfOneValueOrEqualOnes_HasNoInterval()
    {
        Assert.Null(Intervals.Mean([0.5]));
        Assert.Null(Intervals.Mean([1, 1, 1]));
    }

    // 20,000 samples, so a standard error of 0.15 points; the percentile bootstrap covers 82 to 87 % of the time at n =
    // 5.
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(10)]
    public void Mean_OfNormalValues_CoversAsOftenAsItSays(int n) => Assert.InRange(Covers(n, Normal), 0.944, 0.956);

    [Theory]
    [InlineData(5)]
    [InlineData(10)]
    public void Mean_OfUniformValues_NearlyCovers(int n) =>
        Assert.InRange(Covers(n, random => random.NextDouble() - 0.5), 0.925, 0.96);

    // Areas of 0.5 to 0.98 from normal scores, as many of both kinds as a study has models; a standard error of 0.35
    // points. Seen: 95.5 % and more.
    [Theory]
    [InlineData(2, 2, 1)]
    [InlineData(3, 3, 0)]
    [InlineData(5, 5, 1)]
    [InlineData(5, 5, 2)]
    [InlineData(5, 5, 2.9)]
    [InlineData(10, 10, 1)]
    [InlineData(20, 10, 1)]
    public void Auroc_OfNormalScores_CoversAtLeastAsOftenAsItSays(int negatives, int positives, double shift)
    {
        var random = new SeedTree(7).Child(negatives).Random();
        var (covered, trials, truth) = (0, 4000, NormalBelow(shift / Math.Sqrt(2)));
        for (var trial = 0; trial < trials; trial++)
        {
            double[] good = [.. Enumerable.Range(0, negatives).Select(_ => Normal(random))];
            double[] bad = [.. Enumerable.Range(0, positives).Select(_ => shift + Normal(random))];
            var interval = Intervals.Auroc(RocCurve.Auroc(good, bad), negatives, positives);
            covered += interval.Low <= truth && truth <= interval.High ? 1 : 0;
        }

        Assert.InRange((double)covered / trials, 0.94, 1);
    }

    [Fact]
    public void Auroc_OfPerfectSeparation_StillHasALowerEnd()
    {
        // (1 - A)^2 = t(8)^2 A (1 - A) (1 + 4 ((1 - A) / (2 - A) + A / (1 + A))) / 25 for five against five, t(8) =
        // 2.306004.
        var interval = Intervals.Auroc(1, 5, 5);
        var a = interval.Low;
        Assert.Equal(1, interval.High);
        Assert.Equal(
            Math.Pow(1 - a, 2),
            Math.Pow(2.306004, 2) * a * (1 - a) * (1 + 4 * ((1 - a) / (2 - a) + a / (1 + a))) / 25,
            tolerance: 1e-6
        );
        Assert.Equal(0.562, a, tolerance: 1e-3);
        Assert.Equal(1 - a, Intervals.Auroc(0, 5, 5).High, tolerance: 1e-9);
    }

    // A threshold read from n clean values; a further one is beyond k / (n + 1) of the time, whatever the distribution.
    [Theory]
    [InlineData(20, 0.05, 1)]
    [InlineData(50, 0.05, 2)]
    [InlineData(99, 0.01, 1)]
    [InlineData(150, 0.01, 1)]
    [InlineData(250, 0.02, 5)]
    public void Below_OfFewValues_KeepsThePromisedShare(int n, double share, int rank)
    {
        var random = new SeedTree(9).Child(n).Random();
        var (beyond, interpolated, trials) = (0.0, 0.0, 4000);
        for (var trial = 0; trial < trials; trial++)
        {
            // Uniform values: how often a further one lies below a threshold is the threshold.
            double[] values = [.. Enumerable.Range(0, n).Select(_ => random.NextDouble())];
            var cut = Quantiles.Below(values, share);
            Assert.Equal(rank / (n + 1.0), cut.Level, 12);
            beyond += cut.Value / trials;
            interpolated += Quantiles.At(values, share) / trials;
        }

        // The mean of a rank's value is its level; its deviation about sqrt(rank) / n.
        Assert.InRange(beyond, 0, share + 4 * Math.Sqrt(rank) / n / Math.Sqrt(trials));
        Assert.InRange(beyond, rank / (n + 1.0) - 4 * Math.Sqrt(rank) / n / Math.Sqrt(trials), 1);
        Assert.True(interpolated > share, $"{interpolated} for {share}");
    }

    [Fact]
    public void Below_OfTooFewValuesForThePromise_IsTheSmallestAndSaysItsLevel()
    {
        Assert.Equal(new Cut(2, 1 / 5.0), Quantiles.Below([7, 2, 5, 3], 0.01));
        Assert.Equal(new Cut(2, 1 / 5.0), Quantiles.Below([7, 2, 5, 3], 0));
        Assert.Equal(new Cut(3, 2 / 5.0), Quantiles.Below([7, 2, 5, 3], 0.5));
    }

    private static double Covers(int n, Func<Random, double> draw)
    {
        var random = new SeedTree(5).Child(n).Random();
        var (covered, trials) = (0, 20_000);
        for (var trial = 0; trial < trials; trial++)
        {
            var interval = Intervals.Mean([.. Enumerable.Range(0, n).Select(_ => draw(random))])!.Value;
            covered += interval.Low <= 0 && 0 <= interval.High ? 1 : 0;
        }

        return (double)covered / trials;
    }

    // 0.9 (0.85 to 0.94) less 0.1 (0.06 to 0.15): sides of 0.05 and 0.05 below, of 0.04 and 0.04 above.
    [Fact]
    public void Difference_OfTwoShares_AddsTheSquaresOfTheirSides()
    {
        var interval = Intervals.Difference(0.9, new(0.85, 0.94), 0.1, new(0.06, 0.15));

        Assert.Equal(0.8 - 0.0707107, interval.Low, 6);
        Assert.Equal(0.8 + 0.0565685, interval.High, 6);
    }

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    // Simpson's rule on the density.
    private static double NormalBelow(double x)
    {
        const int parts = 1000;
        var sum = 0.0;
        for (var i = 0; i <= parts; i++)
        {
            var at = x * i / parts;
            sum +=
                (
                    i == 0 || i == parts ? 1
                    : i % 2 == 1 ? 4
                    : 2
                ) * Math.Exp(-at * at / 2);
        }

        return 0.5 + sum * x / parts / 3 / Math.Sqrt(2 * Math.PI);
    }
}
