using BackdoorLab.Engine.Statistics;
using MathNet.Numerics.Distributions;

namespace BackdoorLab.Engine.Tests.Statistics;

public sealed class ShiftedGammaTests
{
    private const double EulerGamma = 0.5772156649015329;

    [Fact]
    public void AtZero_ValuesOfAnExponential_ByHand()
    {
        // Mean 1 and mean logarithm -0.5772, as the exponential distribution has them, so shape and scale are 1.
        var half = Math.Sqrt(1 - Math.Exp(-2 * EulerGamma));
        var fit = ShiftedGamma.AtZero([1 + half, 1 - half])!;

        Assert.Equal(1, fit.Shape, 9);
        Assert.Equal(1, fit.Scale, 9);
        Assert.Equal(0, fit.Location);
    }

    [Theory]
    [InlineData(0.3)]
    [InlineData(3)]
    [InlineData(40)]
    public void AtZero_QuantilesOfAGamma_GiveItBack(double shape)
    {
        var fit = ShiftedGamma.AtZero(Quantiles(shape, 2, 0, 2000))!;

        Assert.InRange(fit.Shape, 0.97 * shape, 1.03 * shape);
        Assert.Equal(2 * shape, fit.Shape * fit.Scale, 0.05 * shape);
    }

    [Fact]
    public void AtZero_NotPositiveOrAllEqual_HasNoFit()
    {
        Assert.Null(ShiftedGamma.AtZero([1, 2, 0]));
        Assert.Null(ShiftedGamma.AtZero([3, 3, 3]));
    }

    [Fact]
    public void Free_QuantilesOfAShiftedGamma_GiveItBack()
    {
        var fit = ShiftedGamma.Free(Quantiles(3, 2, 5, 2000))!;

        Assert.InRange(fit.Location, 4.8, 5.2);
        Assert.InRange(fit.Shape, 2.7, 3.3);
    }

    [Fact]
    public void Free_ValuesSkewedToTheLeft_IsUndefined()
    {
        // The likelihood grows without end towards a normal distribution.
        double[] mirrored = [.. Quantiles(2, 1, 0, 50).Select(value => 20 - value)];

        Assert.Null(ShiftedGamma.Free(mirrored));
        Assert.NotNull(ShiftedGamma.AtZero(mirrored));
    }

    [Fact]
    public void Free_ValuesOfAnExponential_IsUndefined() =>
        // Shape at most 1: the likelihood has no maximum below the smallest value.
        Assert.Null(ShiftedGamma.Free(Quantiles(0.7, 1, 0, 60)));

    [Fact]
    public void LargestAbove_OfAnExponential_ByHand()
    {
        // F(log 100) = 0.99, and 1 - 0.99^10 = 0.0956.
        var exponential = new ShiftedGamma(1, 1, 0);

        Assert.Equal(1 - Math.Pow(0.99, 10), exponential.LargestAbove(Math.Log(100), 10), 12);
        Assert.Equal(1, exponential.LargestAbove(-1, 10));
        // F rounds to one, and ten times its distance from one is what is left.
        Assert.Equal(10, exponential.LargestAbove(60, 10) / Math.Exp(-60), 6);
        Assert.Equal(0.05, exponential.LargestAbove(exponential.LargestCut(0.05, 10), 10), 6);
    }

    private static double[] Quantiles(double shape, double scale, double location, int count) =>
        [.. Enumerable.Range(0, count).Select(i => location + Gamma.InvCDF(shape, 1 / scale, (i + 0.5) / count))];
}
