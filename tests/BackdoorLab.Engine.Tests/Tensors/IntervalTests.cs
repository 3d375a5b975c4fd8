using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Tensors;

namespace BackdoorLab.Engine.Tests.Tensors;

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

    [Fact]
    public void RegularizedBeta_OfKnownArguments_MatchesPolynomials()
    {
        // I_x(2, 3) = 6x^2 - 8x^3 + 3x^4
        Assert.Equal(0.3483, SpecialFunctions.RegularizedBeta(0.3, 2, 3), 12);
        Assert.Equal(0.641222462971721, SpecialFunctions.RegularizedBeta(0.3, 2.5, 7), 12);
        Assert.Equal(0.5, SpecialFunctions.RegularizedBeta(0.5, 700, 700), 10);
    }

    [Fact]
    public void Bootstrap_OfPairs_IsSeededAndCancelsWhatPairsShare()
    {
        double[] before = [0.1, 0.5, 0.9, 0.3];
        double[] after = [0.3, 0.7, 1.1, 0.5];
        var constant = Intervals.BootstrapPairedDifference(before, after, new SeedTree(1).Random());
        Assert.Equal(0.2, constant.Low, 12);
        Assert.Equal(0.2, constant.High, 12);

        double[] values = [.. Enumerable.Range(0, 40).Select(i => (double)(i % 8))];
        var first = Intervals.BootstrapMean(values, new SeedTree(2).Random());
        Assert.Equal(first, Intervals.BootstrapMean(values, new SeedTree(2).Random()));

        // Mean 3.5, standard deviation of the mean sqrt(5.25 / 40) = 0.362.
        Assert.InRange(first.Low, 3.5 - 2.3 * 0.362, 3.5 - 1.6 * 0.362);
        Assert.InRange(first.High, 3.5 + 1.6 * 0.362, 3.5 + 2.3 * 0.362);
    }
}
