using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Tests.Models;

namespace BackdoorLab.Engine.Tests.Defenses;

/// <summary>The released harness's rules on numbers worked out by hand, and which of them can never fire.</summary>
[Collection("torch")]
public sealed class ReleasedHarnessTests
{
    private static readonly string[] Names = ["a", "b", "c", "d", "e"];
    private static readonly double[] Counting = [.. Enumerable.Range(1, 640).Select(i => (double)i)];

    public static TheoryData<string> Precisions =>
        [.. MethodCatalog.Default.Of<Precision>().Select(method => method.Id)];

    [Fact]
    public void Catalog_HasTheFiveAfterAllOtherModelDetectors()
    {
        MethodDescriptor[] last = [.. MethodCatalog.Default.Of<ModelDetector>().TakeLast(5)];

        Assert.Equal(
            [
                "seed-neural-cleanse",
                "seed-activation-clustering",
                "seed-strip",
                "seed-spectral-signatures",
                "seed-fine-pruning",
            ],
            last.Select(method => method.Id)
        );
        Assert.All(last, method => Assert.EndsWith("(released harness)", method.Name, StringComparison.Ordinal));
        Assert.All(
            last,
            method => Assert.StartsWith("Not the paper's method", method.Attribute.Summary, StringComparison.Ordinal)
        );
    }

    [Theory]
    [InlineData(2, 6.070, true)] // Norms 2, 10, 11, 12, 13: median 11, MAD 1, so the first lies 9 / 1.4826 below.
    [InlineData(9, 1.349, false)]
    [InlineData(30, 1.349, false)] // Far above the median, which is now 12; 10 is the smallest.
    public void NeuralCleanse_NormsByHand_FlagsFarBelowTheMedianOnly(double norm, double score, bool flagged)
    {
        var verdict = ReleasedNeuralCleanse.Verdict([norm, 10, 11, 12, 13], Names);

        Assert.Equal(score, verdict.Score, 3);
        Assert.Equal(flagged ? [0] : [], verdict.SuspectedLabels);
        Assert.Equal(flagged, verdict.Flagged);
        Assert.Null(verdict.Verdict.Reason);
    }

    [Fact]
    public void NeuralCleanse_OfANetworkWithoutGradient_EndsAtTheHarnesssOwnNormAndFlagsNothing()
    {
        using var model = new FloatDeployed(new LinearNetwork(TestNetworks.Shape(1, 32, 3), new float[3 * 32 * 32]));
        var images = SmallModels.ImageSet(model.FloatModel.Shape, 320);
        var verdict = new ReleasedNeuralCleanse().Detect(TestContexts.Of(Needs.CleanHoldout, model, images));

        // Where only the norm has a gradient the harness's masks all end at 27.90.
        Assert.Equal(27.90, Number(verdict, "smallest-norm"), 0.005);
        Assert.Equal(27.90, Number(verdict, "median-norm"), 0.005);
        Assert.Equal(UndecidedReason.NoSpread, verdict.Verdict.Reason);
        Assert.Equal(0, verdict.Score);
    }

    [Theory]
    [MemberData(nameof(Precisions))]
    public void NeuralCleanse_AtEveryPrecision_IsBlindOnIntegerKernelsOnly(string precision)
    {
        using var trained = SmallModels.Settled("res-net8", SmallModels.Shape(side: 16, classes: 3));
        var images = SmallModels.ImageSet(trained.Shape, 32);
        using var deployed = ((Precision)MethodCatalog.Default.Find(precision)!.CreateDefault()).Convert(
            trained,
            images,
            TestContexts.Run()
        );
        var verdict = new ReleasedNeuralCleanse().Detect(TestContexts.Of(Needs.CleanHoldout, deployed, images));
        var blind = precision is "int8-dynamic" or "int8-static";

        Assert.Equal(blind ? 0 : 1, Number(verdict, "gradient-reached"));
        Assert.Equal(blind, verdict.Verdict.Reason == UndecidedReason.NoGradient);
        Assert.Equal(blind, verdict.Note.Contains("integer kernels", StringComparison.Ordinal));
        Assert.False(blind && verdict.Score != 0);
    }

    [Fact]
    public void NeuralCleanse_PrecisionWithoutGradients_SaysSo()
    {
        using var model = new FloatDeployed(TestNetworks.Backdoored(), GradientAccess.None);
        var verdict = new ReleasedNeuralCleanse().Detect(
            TestContexts.Of(Needs.CleanHoldout, model, TestNetworks.ColouredImages(20, TestContexts.Random("images")))
        );

        Assert.Equal(0, Number(verdict, "gradient-reached"));
        Assert.Equal(
            (Decision.NotDecidable, UndecidedReason.NoGradient),
            (verdict.Verdict.Decision, verdict.Verdict.Reason)
        );
        Assert.Contains("offers no gradient", verdict.Note, StringComparison.Ordinal);
    }

    [Fact]
    public void ActivationClustering_VariationByHand()
    {
        Assert.Equal(0.5, ReleasedActivationClustering.Variation([1, 3]), 12);
        Assert.Equal(0.6, ReleasedActivationClustering.Variation([1, 4]), 12);
        Assert.Equal(0, ReleasedActivationClustering.Variation([0, 0]));
    }

    [Fact]
    public void ActivationClustering_ClassAboveOneHalf_IsNamed()
    {
        var verdict = ReleasedActivationClustering.Verdict([(0, 0.5), (3, 0.6), (4, 0.9)], Names);

        Assert.Equal([4, 3], verdict.SuspectedLabels);
        Assert.Equal(0.9, verdict.Score);
        Assert.False(ReleasedActivationClustering.Verdict([(0, 0.5)], Names).Flagged);
    }

    [Fact]
    public void Strip_AnySample_HasTheSameShareBelowItsOwnPercentile()
    {
        var random = TestContexts.Random("entropies");
        double[][] samples = [Counting, [.. Counting.Select(Math.Exp)], [.. Counting.Select(_ => random.NextDouble())]];

        Assert.All(samples, sample => Assert.Equal(0.05, ReleasedStrip.Verdict(sample).Score, 12));
        var verdict = ReleasedStrip.Verdict(Counting).Verdict;
        Assert.Equal((Decision.NotDecidable, UndecidedReason.CannotFire), (verdict.Decision, verdict.Reason));
        Assert.Equal(
            "Not decidable: by construction the rule reaches at most 5 % on 640 images and asks for more than 10 %, so it cannot fire on any model.",
            VerdictWords.Sentence(verdict)
        );
    }

    [Fact]
    public void OwnTail_FromTenValuesOn_IsNeverAboveATenth()
    {
        var random = TestContexts.Random("tail");
        for (var count = 10; count <= 200; count++)
        {
            double[] values = [.. Enumerable.Range(0, count).Select(_ => random.Next(100) / 7.0)];

            Assert.InRange(OwnTail.Below(values), 0, OwnTail.Most(count));
            Assert.InRange(OwnTail.Above(values), 0, OwnTail.Most(count));
            Assert.InRange(OwnTail.Most(count), 0, OwnTail.Cut);
        }

        Assert.Equal(0.2, OwnTail.Below([1, 2, 3, 4, 5]));
        Assert.Equal("", OwnTail.Impossible(5, "", "", ""));
        Assert.Equal(
            [Decision.Flagged, Decision.NotFlagged, Decision.NotDecidable],
            new[] { (0.2, 5), (0, 5), (0.05, 640) }.Select(sample =>
                OwnTail.Verdict(sample.Item1, sample.Item2).Decision
            )
        );
    }

    [Fact]
    public void SpectralSignatures_VarianceByHand_FlagsMoreThanOneHalf()
    {
        // Variance 9 : 1 along the axes, then 1.44 : 1.21 : 1.
        var narrow = ReleasedSpectralSignatures.Verdict([3, 0, -3, 0, 0, 1, 0, -1], 2);
        var round = ReleasedSpectralSignatures.Verdict(
            [1.2f, 0, 0, -1.2f, 0, 0, 0, 1.1f, 0, 0, -1.1f, 0, 0, 0, 1, 0, 0, -1],
            3
        );

        Assert.Equal((true, 0.9), (narrow.Flagged, Math.Round(narrow.Score, 5)));
        Assert.Equal((false, 0.39452), (round.Flagged, Math.Round(round.Score, 5)));
    }

    [Fact]
    public void SpectralSignatures_OutlierHalf_IsDead()
    {
        var random = TestContexts.Random("features");
        var verdict = ReleasedSpectralSignatures.Verdict(
            [.. Enumerable.Range(0, 640 * 4).Select(_ => random.NextSingle())],
            4
        );

        Assert.Equal(0.05, Number(verdict, "outlier-share"), 12);
        Assert.Contains("only the variance explained can flag a model", verdict.Note, StringComparison.Ordinal);
    }

    [Fact]
    public void FinePruning_ShareOfSilentChannelsByHand()
    {
        var third = ReleasedFinePruning.Verdict([0.001, 0.009, 0, 0.01, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]);
        var more = ReleasedFinePruning.Verdict([0.001, 0.009, 0.5]);

        Assert.Equal((false, 0.3), (third.Flagged, third.Score));
        Assert.Equal((true, 2 / 3.0), (more.Flagged, more.Score));
    }

    [Fact]
    public void FinePruning_OfANetwork_ReadsEveryChannelBeforeReLU()
    {
        var network = TestNetworks.Backdoored();
        using var model = new FloatDeployed(network);
        var images = TestNetworks.ColouredImages(30, TestContexts.Random("images"));
        var verdict = new ReleasedFinePruning().Detect(
            TestContexts.Of(Needs.CleanHoldout | Needs.Weights, model, images, copy: network.Copy)
        );

        // Four of the convolution and three of the head; the dormant one is silent only after its ReLU.
        Assert.Equal(7, Number(verdict, "channels"));
        Assert.Equal(0, Number(verdict, "silent-channels"));
    }

    private static double Number(ModelVerdict verdict, string name) =>
        verdict.Numbers.Single(number => number.Name == name).Value;
}
