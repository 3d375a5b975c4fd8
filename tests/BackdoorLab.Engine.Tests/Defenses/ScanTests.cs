using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Statistics;
using MathNet.Numerics.LinearAlgebra;

namespace BackdoorLab.Engine.Tests.Defenses;

[Collection("torch")]
public sealed class ScanTests
{
    private const int Classes = 10;
    private const int Width = 16;

    [Theory]
    [InlineData(SingleMean.ClassMean, 4)]
    [InlineData(SingleMean.Posterior, 1370 / 338.0)]
    [InlineData(SingleMean.Released, 2810 / 338.0)]
    public void Statistic_OfTwoPairsOnALine_ByHand(SingleMean single, double expected)
    {
        // Variance 4 within, 12 between. Whitened 1, 1, 5, 5: sum 12, B = 3, n B + 1 = 13. The single mean is 3, 36/13
        // or 12/13.
        var variation = Variation([12], [4]);
        var test = SubgroupTest.Of(variation.Whitened([2, 2, 10, 10]), variation, single, 5, Random("line"));

        Assert.Equal(expected, test.Statistic, 12);
        Assert.Equal([1, 5], new[] { test.First[0], test.Second[0] }.Order());
        Assert.Equal(test.InSecond[0], test.InSecond[1]);
        Assert.NotEqual(test.InSecond[0], test.InSecond[2]);
    }

    [Fact]
    public void Statistic_InThePlane_ByHand()
    {
        // The covariance within is (4 2; 2 2) = L L' with L = (2 0; 1 1): (2, 3) becomes (1, 2).
        var variation = Variation([1, 0, 0, 1], [4, 2, 2, 2]);
        var points = variation.Whitened([0, 0, 2, 3, 0, 0, 0, 0]);
        var test = SubgroupTest.Of(points, variation, SingleMean.ClassMean, 5, Random("plane"));

        Assert.Equal([0, 0, 1, 2, 0, 0, 0, 0], points);
        // Three and one of four, a squared distance of 5 apart: 3 * 1 / 16 * 5.
        Assert.Equal(0.9375, test.Statistic, 12);
    }

    [Fact]
    public void Whitened_CovarianceWithin_BecomesTheIdentity()
    {
        var variation = Variation([8, 2, 2, 6], [4, 2, 2, 2]);

        // L^-1 B L^-T with L^-1 = (1/2 0; -1/2 1).
        Assert.Equal(
            [2, -1, -1, 6],
            variation.WhitenedBetween.ToRowMajorArray().Select(value => Math.Round(value, 12))
        );
    }

    [Fact]
    public void Variation_OfFourPoints_ByHand()
    {
        // Class means -2 and 2, residuals -1 and 1.
        double[] points = [-3, -1, 1, 3];
        int[] labels = [0, 0, 1, 1];
        var start = FeatureVariation.Fit(points, 1, labels, 0, double.PositiveInfinity, 100);
        var once = FeatureVariation.Fit(points, 1, labels, 0, 0, 1);

        Assert.Equal((16 / 3.0, 4 / 3.0), (start.Between[0, 0], start.Within[0, 0]));
        // The posterior means are b / (2 b + w) * 4 = 16/9 from zero, the residuals 11/9 and 7/9.
        Assert.Equal(1024 / 243.0, once.Between[0, 0], 12);
        Assert.Equal(340 / 243.0, once.Within[0, 0], 12);
    }

    [Fact]
    public void Variation_OfManyClasses_FindsTheirCovariances()
    {
        var random = Random("many");
        const int classes = 400;
        const int each = 10;
        var (points, labels) = (new double[2 * classes * each], new int[classes * each]);
        for (var k = 0; k < classes; k++)
        {
            var (x, y) = (3 * Normal(random), 3 * Normal(random));
            for (var i = k * each; i < (k + 1) * each; i++)
            {
                labels[i] = k;
                var shared = Normal(random);
                (points[2 * i], points[2 * i + 1]) = (x + shared, y + shared + 2 * Normal(random));
            }
        }

        var found = FeatureVariation.Fit(points, 2, labels, 0, 1e-9, 100);

        Assert.InRange(found.Rounds, 2, 99);
        Assert.All(
            found.Within.ToRowMajorArray().Zip([1.0, 1, 1, 5]),
            pair => Assert.InRange(pair.First, pair.Second - 0.5, pair.Second + 0.5)
        );
        Assert.InRange(found.Between[0, 0], 7.5, 10.5);
    }

    [Fact]
    public void TwoMeans_AllPointsAlike_LeavesTheSecondEmpty()
    {
        var split = TwoMeans.Fit([7, 7, 7], 1, 3, Random("alike"));

        Assert.DoesNotContain(true, split.InSecond);
        Assert.Equal((7.0, 7.0, 0.0), (split.First[0], split.Second[0], split.Inertia));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Scan_TwentyPoisonsAmong220_AreFoundByTheClassMeanAndMissedByTheReleasedRule(int draw)
    {
        var (training, features) = Draw(200, poison: 20, $"training {draw}");
        var (holdout, clean) = Draw(50, poison: 0, $"training {draw}");
        var mean = new Scan().Score(holdout, clean, training, features, TestContexts.Run());
        var posterior = new Scan { SingleMean = SingleMean.Posterior }.Score(
            holdout,
            clean,
            training,
            features,
            TestContexts.Run()
        );
        var released = new Scan { SingleMean = SingleMean.Released }.Score(
            holdout,
            clean,
            training,
            features,
            TestContexts.Run()
        );

        Assert.Equal([0], mean.SuspectedLabels);
        Assert.Equal([0], posterior.SuspectedLabels);
        Assert.Equal(Enumerable.Range(0, 20), Enumerable.Range(0, training.Count).Where(i => mean.Flagged[i]));
        Assert.True(Number(mean, "scan-index") > 3 * ClassOutliers.Cut);
        Assert.DoesNotContain(0, released.SuspectedLabels);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Scan_WithoutPoison_FlagsNothing(int draw)
    {
        var (training, features) = Draw(200, poison: 0, $"training {draw}");
        var (holdout, clean) = Draw(50, poison: 0, $"training {draw}");
        var verdict = new Scan().Score(holdout, clean, training, features, TestContexts.Run());

        Assert.Equal(Decision.NotFlagged, verdict.Verdict!.Decision);
        Assert.InRange(Number(verdict, "scan-index"), 0, ClassOutliers.Cut);
        Assert.DoesNotContain(true, verdict.Flagged);
    }

    [Fact]
    public void Scan_WithFiveClasses_DecidesNothingAndStillScores()
    {
        var (training, features) = Draw(60, poison: 10, "few", classes: 5);
        var (holdout, clean) = Draw(50, poison: 0, "few", classes: 5);
        var verdict = new Scan().Score(holdout, clean, training, features, TestContexts.Run());

        Assert.Equal(
            (Decision.NotDecidable, UndecidedReason.FewClasses),
            (verdict.Verdict!.Decision, verdict.Verdict.Reason)
        );
        Assert.Equal(
            "Not decidable: the rule compares every class with the others; there are 5 of them, and fewer than 6 tell too little.",
            VerdictWords.Sentence(verdict.Verdict)
        );
        Assert.DoesNotContain(true, verdict.Flagged);
        Assert.Equal(0, verdict.TopLabel);
        Assert.True(verdict.Scores.Take(10).Min() > verdict.Scores.Skip(10).Max());
    }

    [Fact]
    public void Scan_MostOfAClassIsPoison_TheGroupFarFromItsCleanImagesIsFlagged()
    {
        var (training, features) = Draw(30, poison: 60, "much");
        var (holdout, clean) = Draw(50, poison: 0, "much");
        var verdict = new Scan().Score(holdout, clean, training, features, TestContexts.Run());

        Assert.Equal([0], verdict.SuspectedLabels);
        Assert.Equal(Enumerable.Range(0, 60), Enumerable.Range(0, training.Count).Where(i => verdict.Flagged[i]));
        Assert.Equal(60 / 90.0, Number(verdict, "suspicious-share"), 12);
    }

    [Fact]
    public void Warnings_ReleasedRuleOrTooFewImages_AreSaid()
    {
        Assert.Empty(new Scan().Warnings(400));
        Assert.Single(new Scan { SingleMean = SingleMean.Released }.Warnings(400));
        Assert.Contains("100 clean images", Assert.Single(new Scan().Warnings(100)), StringComparison.Ordinal);
    }

    private static double Number(SampleVerdict verdict, string name) =>
        verdict.Numbers.Single(number => number.Name == name).Value;

    private static Random Random(string name) => TestContexts.Random(name);

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private static FeatureVariation Variation(double[] between, double[] within)
    {
        var size = (int)Math.Sqrt(within.Length);
        var build = Matrix<double>.Build;
        return new(build.DenseOfRowMajor(size, size, between), build.DenseOfRowMajor(size, size, within), 0);
    }

    // Unit variance around class means of deviation 3. The poison comes first: samples of label 0 halfway between the
    // means of classes 1 and 2. (Outside the space that the class means span, where their covariance is zero, the
    // released mean is not small but many times the class's own, and that rule sees poison and noise alike.)
    private static (ImageSet Set, float[] Features) Draw(int each, int poison, string name, int classes = Classes)
    {
        var means = Random($"{name}: means");
        double[][] centres =
        [
            .. Enumerable
                .Range(0, classes)
                .Select(_ => (double[])[.. Enumerable.Range(0, Width).Select(_ => 3 * Normal(means))]),
        ];
        var random = Random($"{name}: {each} and {poison}");
        int[] labels = [.. new int[poison], .. Enumerable.Range(0, each * classes).Select(i => i / each)];
        var features = new float[labels.Length * Width];
        for (var i = 0; i < features.Length; i++)
        {
            var sample = i / Width;
            var mean =
                sample < poison
                    ? (centres[1][i % Width] + centres[2][i % Width]) / 2
                    : centres[labels[sample]][i % Width];
            features[i] = (float)(mean + Normal(random));
        }

        string[] names = [.. Enumerable.Range(0, classes).Select(label => $"class {label}")];
        return (new ImageSet(new byte[labels.Length], labels, 1, 1, 1, names), features);
    }
}
