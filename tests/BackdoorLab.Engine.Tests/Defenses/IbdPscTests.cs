using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Defenses;

[Collection("torch")]
public sealed class IbdPscTests
{
    [Fact]
    public void Amplified_OneNormalisation_MultipliesTheLogits()
    {
        using var scope = NewDisposeScope();
        using var norms = new ScaledNorms(TestNetworks.Normalized(), 1.5);
        var images = ones(2, 3, 8, 8);
        var plain = Inference.Floats(norms.Amplified(0).call(images));
        var amplified = Inference.Floats(norms.Amplified(1).call(images));

        Assert.Equal(1, norms.Count);
        Assert.All(plain.Zip(amplified), pair => Assert.Equal(1.5f * pair.First, pair.Second, 1e-2f));
        Assert.Equal(plain, Inference.Floats(norms.Amplified(0).call(images)));
    }

    [Theory]
    [InlineData("res-net8", 9)]
    [InlineData("airbench", 6)]
    public void Amplified_LastOnes_InTheOrderTheyRun(string id, int count)
    {
        using var scope = NewDisposeScope();
        using var norms = new ScaledNorms(SmallModels.Build(id, SmallModels.Shape()), 2);
        var network = norms.Amplified(2);
        var order = Normalizations.Of(network);

        Assert.Equal(count, norms.Count);
        Assert.Equal(count, network.modules().OfType<BatchNorm2d>().Count());
        Assert.Equal(
            Enumerable.Range(0, count).Select(i => i >= count - 2 ? 2f : 1f),
            order.Select(norm => norm.weight.mean().item<float>())
        );
    }

    [Fact]
    public void Search_CleanErrors_TheFirstAboveTheLimit()
    {
        double[] errors = [0, 0.1, 0.5, 0.61, 0.2];

        Assert.Equal((3, 0.61), new IbdPsc().Search(12, last => errors[last]));
        // Never above it: five networks end with all twelve.
        Assert.Equal((8, null), new IbdPsc().Search(12, _ => 0.6));
        Assert.Equal((1, null), new IbdPsc().Search(3, _ => 0));
    }

    [Fact]
    public void Score_MeanConfidenceOfTheDeployedLabel_ByHand()
    {
        // One normalisation: all five networks multiply the logits by 1.5, and the confidence is that of the label.
        using var model = new FloatDeployed(TestNetworks.Normalized());
        var images = TestNetworks.ColouredImages(6, TestContexts.Random("inputs"));
        var filter = Fit(model, 120);
        var found = filter.Score(images, TestContexts.Run());
        var logits = Inference.Logits(model, images, TestContexts.Run());

        for (var i = 0; i < 6; i++)
        {
            double[] scaled = [.. logits.AsSpan(3 * i, 3).ToArray().Select(logit => Math.Exp(1.5 * logit))];
            Assert.Equal(scaled.Max() / scaled.Sum(), found[i], 4);
        }

        Assert.Contains("1 to 1 of 1 normalisations", filter.Note, StringComparison.Ordinal);
        Assert.Contains("no number of them", filter.Note, StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_NetworkWithoutNormalisation_IsNotApplicable()
    {
        using var model = new FloatDeployed(TestNetworks.Backdoored());

        Assert.Throws<NotApplicableException>(() => Fit(model, 60));
    }

    [Fact]
    public void Warnings_FewerImagesThanThePaper_AreSaid()
    {
        Assert.Empty(new IbdPsc().Warnings(400));
        Assert.Contains("50 clean images", Assert.Single(new IbdPsc().Warnings(50)), StringComparison.Ordinal);
    }

    private static FittedFilter Fit(FloatDeployed model, int holdout) =>
        new IbdPsc().Fit(
            TestContexts.Of(
                Needs.CleanHoldout | Needs.Weights,
                model,
                TestNetworks.ColouredImages(holdout, TestContexts.Random("holdout")),
                copy: model.FloatModel.Clone
            )
        );
}
