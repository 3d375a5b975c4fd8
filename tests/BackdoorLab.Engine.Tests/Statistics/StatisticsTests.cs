using BackdoorLab.Engine.Statistics;

namespace BackdoorLab.Engine.Tests.Statistics;

public sealed class StatisticsTests
{
    [Theory]
    [InlineData(new[] { 3.0, 1.0, 2.0 }, 2.0)]
    [InlineData(new[] { 10.0, 1.0, 3.0, 2.0 }, 2.5)]
    [InlineData(new[] { 7.0 }, 7.0)]
    public void Median_OfFewValues_IsTheMiddle(double[] values, double expected) =>
        Assert.Equal(expected, RobustStatistics.Median(values));

    [Fact]
    public void AnomalyIndices_OfKnownValues_AreDeviationsOverScaledMad()
    {
        double[] values = [1, 1, 2, 2, 4, 6, 9];
        Assert.Equal(1, RobustStatistics.Mad(values));
        var indices = RobustStatistics.AnomalyIndices(values);
        Assert.Equal(7 / 1.4826, indices[6], 12);
        Assert.Equal(1 / 1.4826, indices[0], 12);
        Assert.Equal(0, indices[2]);
        Assert.Equal(2 / 1.4826, RobustStatistics.IndexCeiling(values), 12);
    }

    [Fact]
    public void AnomalyIndices_WithoutSpread_AreZeroAtTheMedianAndInfiniteElsewhere()
    {
        var indices = RobustStatistics.AnomalyIndices([5, 5, 5, 1]);
        Assert.Equal([0, 0, 0, double.PositiveInfinity], indices);
    }

    [Fact]
    public void Median_OfNothingOrNaN_IsRefused()
    {
        Assert.Throws<ArgumentException>(() => RobustStatistics.Median([]));
        Assert.Throws<ArgumentException>(() => RobustStatistics.Median([1, double.NaN]));
    }

    [Theory]
    [InlineData(0.0, 1.0)]
    [InlineData(0.25, 1.75)]
    [InlineData(0.5, 2.5)]
    [InlineData(0.9, 3.7)]
    [InlineData(1.0, 4.0)]
    public void Quantile_Type7_InterpolatesBetweenOrderStatistics(double q, double expected) =>
        Assert.Equal(expected, Quantiles.At([4, 2, 3, 1], q), 12);

    [Fact]
    public void Auroc_WithoutTies_CountsOrderedPairs() =>
        Assert.Equal(0.75, RocCurve.Auroc([0.1, 0.4], [0.35, 0.8]), 12);

    [Fact]
    public void Auroc_WithTies_CountsThemAsHalf() => Assert.Equal(5.0 / 6, RocCurve.Auroc([1, 2, 2], [2, 3]), 12);

    [Fact]
    public void Auroc_OfConstantScores_IsOneHalf() => Assert.Equal(0.5, RocCurve.Auroc([1, 1, 1], [1, 1]), 12);

    [Fact]
    public void Auroc_OfSwappedClassesOrNegatedScores_IsTheComplement()
    {
        var random = new BackdoorLab.Engine.Core.SeedTree(3).Random();
        for (var trial = 0; trial < 50; trial++)
        {
            double[] negatives = [.. Enumerable.Range(0, 1 + random.Next(20)).Select(_ => (double)random.Next(6))];
            double[] positives = [.. Enumerable.Range(0, 1 + random.Next(20)).Select(_ => random.Next(8) - 1.0)];
            var area = RocCurve.Auroc(negatives, positives);
            var pairs = negatives
                .SelectMany(n =>
                    positives.Select(p =>
                        p > n ? 1
                        : p == n ? 0.5
                        : 0
                    )
                )
                .Average();
            Assert.Equal(pairs, area, 10);
            Assert.Equal(1 - area, RocCurve.Auroc(positives, negatives), 10);
            Assert.Equal(1 - area, RocCurve.Auroc([.. negatives.Select(x => -x)], [.. positives.Select(x => -x)]), 10);
        }
    }

    [Fact]
    public void RocCurve_WithTies_FlagsThemTogether()
    {
        var curve = RocCurve.Of([1, 2, 2], [2, 3]);
        Assert.Equal([0, 0, 2.0 / 3, 1], curve.FalsePositiveRates);
        Assert.Equal([0, 0.5, 1, 1], curve.TruePositiveRates);
        Assert.Equal([double.PositiveInfinity, 3, 2, 1], curve.Thresholds);
        Assert.Equal(0.5, curve.TruePositiveRateAt(0.01));
        Assert.Equal(1, curve.TruePositiveRateAt(0.7));
    }

    [Fact]
    public void RocCurve_TrapezoidArea_EqualsAuroc()
    {
        var random = new BackdoorLab.Engine.Core.SeedTree(4).Random();
        double[] negatives = [.. Enumerable.Range(0, 30).Select(_ => (double)random.Next(9))];
        double[] positives = [.. Enumerable.Range(0, 17).Select(_ => random.Next(9) + 2.0)];
        var curve = RocCurve.Of(negatives, positives);
        var area = 0.0;
        for (var i = 1; i < curve.Thresholds.Length; i++)
        {
            area +=
                (curve.FalsePositiveRates[i] - curve.FalsePositiveRates[i - 1])
                * (curve.TruePositiveRates[i] + curve.TruePositiveRates[i - 1])
                / 2;
        }

        Assert.Equal(RocCurve.Auroc(negatives, positives), area, 12);
    }

    [Fact]
    public void Auroc_WithoutOneClass_IsRefused() => Assert.Throws<ArgumentException>(() => RocCurve.Auroc([], [1.0]));

    [Fact]
    public void Summary_OfValues_UsesTheSampleDeviation()
    {
        var summary = Summary.Of([2, 4, 4, 4, 5, 5, 7, 9]);
        Assert.Equal(5, summary.Mean, 12);
        Assert.Equal(Math.Sqrt(32.0 / 7), summary.StandardDeviation!.Value, 12);
        Assert.Equal((8, 2.0, 9.0), (summary.Count, summary.Minimum, summary.Maximum));
        Assert.Null(Summary.Of([1.5]).StandardDeviation);
    }

    [Fact]
    public void Entropy_OfKnownDistributions_IsInNats()
    {
        Assert.Equal(0.693147180560, Entropy.OfProbabilities([0.5, 0.5]), 12);
        Assert.Equal(0, Entropy.OfProbabilities([1f, 0f]));
        Assert.Equal(0.562335144619, Entropy.OfProbabilities([0.25, 0.75]), 12);
        Assert.Equal(0.562335144619, Entropy.OfLogits([1000f, 1000f + MathF.Log(3)]), 4);
        Assert.Equal(0.562335144619, Entropy.OfLogits([0f, MathF.Log(3)]), 6);
    }
}
