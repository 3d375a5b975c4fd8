using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Defenses;

namespace BackdoorLab.Engine.Tests.Defenses;

[Collection("torch")]
public sealed class StripTests
{
    [Fact]
    public void Warnings_FewerOverlaysThanThePaper_AreSaid()
    {
        Assert.Empty(new Strip().Warnings(400));
        Assert.Contains(
            "10 images",
            Assert.Single(new Strip { Overlays = 10 }.Warnings(400)),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void MeanEntropy_HandComputed() =>
        Assert.Equal(0.627741, OverlayProbe.MeanEntropy([0f, 0f, 0f, MathF.Log(3)], 2), 6);

    [Fact]
    public void Score_TriggeredAndCleanInputs_AreTold()
    {
        using var model = new FloatDeployed(TestNetworks.Backdoored());
        var holdout = TestNetworks.ColouredImages(120, TestContexts.Random("holdout"));
        var inputs = TestNetworks.ColouredImages(60, TestContexts.Random("inputs"));
        var filter = new Strip { FalseRejectionRate = 0.05 }.Fit(TestContexts.Of(Needs.CleanHoldout, model, holdout));
        var clean = filter.Score(inputs, TestContexts.Run());
        var triggered = filter.Score(TestNetworks.Stamp(inputs), TestContexts.Run());

        Assert.All(triggered, score => Assert.True(score > filter.Threshold));
        Assert.True(clean.Count(score => score > filter.Threshold) <= 12);
        Assert.True(triggered.Min() > clean.Max());
    }

    [Fact]
    public void Score_Average_HalvesTheTriggerOfThisNetworkAway()
    {
        using var model = new FloatDeployed(TestNetworks.Backdoored());
        var holdout = TestNetworks.ColouredImages(120, TestContexts.Random("holdout"));
        var inputs = TestNetworks.ColouredImages(30, TestContexts.Random("inputs"));
        var filter = new Strip { Superposition = Superposition.Average }.Fit(
            TestContexts.Of(Needs.CleanHoldout, model, holdout)
        );
        var clean = filter.Score(inputs, TestContexts.Run());
        var triggered = filter.Score(TestNetworks.Stamp(inputs), TestContexts.Run());

        Assert.All(triggered.Zip(clean), pair => Assert.Equal(pair.Second, pair.First, 0.2));
    }

    [Fact]
    public void Fit_RejectsTheDeclaredShareOfTheImagesThatSetTheThreshold()
    {
        using var model = new FloatDeployed(TestNetworks.Backdoored());
        var holdout = TestNetworks.ColouredImages(200, TestContexts.Random("holdout"));
        var half = new Strip { FalseRejectionRate = 0.5 }.Fit(TestContexts.Of(Needs.CleanHoldout, model, holdout));
        var tenth = new Strip { FalseRejectionRate = 0.1 }.Fit(TestContexts.Of(Needs.CleanHoldout, model, holdout));
        var scores = half.Score(TestNetworks.ColouredImages(200, TestContexts.Random("others")), TestContexts.Run());

        Assert.InRange(scores.Count(score => score > half.Threshold), 70, 130);
        Assert.InRange(scores.Count(score => score > tenth.Threshold), 5, 40);
    }

    [Fact]
    public void Score_SameImageAtSamePosition_IsTheSameWhateverFollows()
    {
        using var model = new FloatDeployed(TestNetworks.Backdoored());
        var holdout = TestNetworks.ColouredImages(60, TestContexts.Random("holdout"));
        var filter = new Strip { Overlays = 7 }.Fit(TestContexts.Of(Needs.CleanHoldout, model, holdout));
        var inputs = TestNetworks.ColouredImages(90, TestContexts.Random("inputs"));
        var all = filter.Score(inputs, TestContexts.Run());
        var few = filter.Score(inputs.Select([.. Enumerable.Range(0, 10)]), TestContexts.Run());

        Assert.All(few.Zip(all), pair => Assert.Equal(pair.Second, pair.First, 5));
    }

    [Fact]
    public void Fit_WithTooFewImagesForItsPromise_SaysWhatItPromisesInstead()
    {
        using var model = new FloatDeployed(TestNetworks.Backdoored());
        var few = new Strip { Overlays = 5 }.Fit(
            TestContexts.Of(Needs.CleanHoldout, model, TestNetworks.ColouredImages(60, TestContexts.Random("holdout")))
        );
        var enough = new Strip { Overlays = 5 }.Fit(
            TestContexts.Of(Needs.CleanHoldout, model, TestNetworks.ColouredImages(198, TestContexts.Random("holdout")))
        );

        // Half of the holdout sets the threshold: 30 and 99 images.
        Assert.Equal(1 / 31.0, few.FalseRejectionRate, 12);
        Assert.Equal(
            "30 clean images cannot promise a false rejection rate of 1 %: the threshold is at the most suspicious of them, which rejects 3.2 % of clean inputs on average. "
                + "99 images would do: half of the clean holdout, at most thresholdImages.",
            few.Note
        );
        Assert.Equal((0.01, ""), (enough.FalseRejectionRate, enough.Note));
    }
}
