using BackdoorLab.Engine.Statistics;

namespace BackdoorLab.Engine.Tests.Statistics;

public sealed class MeanDiscrepancyTests
{
    [Fact]
    public void Of_ThreePointsOnALine_ByHand()
    {
        // Squared distances 4, 25 and 9, each twice, and three zeros: the median is 4, the widths 2 and 4.
        var within = (4 + 2 * Kernel(4)) / 4;
        var across = (Kernel(25) + Kernel(9)) / 2;

        Assert.Equal(2 / 3.0 * (within + 2 - 2 * across), MeanDiscrepancy.Of([0, 2], [5], 1), 12);

        static double Kernel(double distance) => Math.Exp(-distance / 2) + Math.Exp(-distance / 4);
    }

    [Fact]
    public void Of_NothingToCompare_IsZero()
    {
        Assert.Equal(0, MeanDiscrepancy.Of([], [1, 2], 1));
        Assert.Equal(0, MeanDiscrepancy.Of([1, 2], [], 2));
        Assert.Equal(0, MeanDiscrepancy.Of([3, 3, 3], [3, 5], 1));
    }

    [Fact]
    public void Of_SamplesApart_IsLargerThanOfOneSampleCutInTwo()
    {
        double[] one = [.. Enumerable.Range(0, 40).Select(i => i * 7 % 40 / 40.0)];
        double[] far = [.. one.Select(value => value + 2)];

        Assert.True(MeanDiscrepancy.Of(one, far, 1) > 10 * MeanDiscrepancy.Of(one[..20], one[20..], 1));
    }
}
