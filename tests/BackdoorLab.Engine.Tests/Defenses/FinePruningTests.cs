using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Models;

namespace BackdoorLab.Engine.Tests.Defenses;

[Collection("torch")]
public sealed class FinePruningTests
{
    [Fact]
    public void Choose_TakesTheLastStepBeforeTheFirstViolation()
    {
        Assert.Equal(2, ChannelPruning.Choose([0.9, 0.91, 0.86, 0.85, 0.9], 0.04));
        Assert.Equal(3, ChannelPruning.Choose([0.9, 0.9, 0.9, 0.9], 0.04));
        Assert.Equal(0, ChannelPruning.Choose([0.9, 0.5], 0.04));
    }

    [Fact]
    public void Rank_OrdersByRisingActivationAndKeepsTies() =>
        Assert.Equal([1, 3, 2, 0], ChannelPruning.Rank([0.5, 0, 0.2, 0]));

    [Fact]
    public void Counts_AlwaysLeaveOneChannel()
    {
        Assert.Equal([0, 1, 2, 3], ChannelPruning.Counts(4, 0.01));
        Assert.Equal([0, 2, 4], ChannelPruning.Counts(6, 0.33));
        Assert.Equal([0], ChannelPruning.Counts(1, 0.5));
    }

    [Fact]
    public void CurveCounts_SpreadEvenlyWithBothEnds()
    {
        Assert.Equal([0, 3, 6, 9], ChannelPruning.CurveCounts([.. Enumerable.Range(0, 10)], 4));
        Assert.Equal([0, 1], ChannelPruning.CurveCounts([0, 1], 10));
        Assert.Empty(ChannelPruning.CurveCounts([0, 1], 0));
    }

    [Fact]
    public void MeanActivations_AndPrunedAccuracies_MatchTheNetwork()
    {
        using var network = TestNetworks.Backdoored();
        var images = TestNetworks.ColouredImages(90, TestContexts.Random("images"));
        var means = ChannelPruning.MeanActivations(network, images, TestContexts.Run());
        var order = ChannelPruning.Rank(means);
        var accuracies = ChannelPruning.Accuracies(network, images, order, [0, 1, 2], TestContexts.Run());

        Assert.Equal(0, means[3], 9);
        Assert.Equal(images.Pixels.Average(pixel => pixel / 255.0), means.Take(3).Average(), 4);
        Assert.Equal(3, order[0]);
        Assert.Equal(1, accuracies[0]);
        Assert.Equal(1, accuracies[1]);
        network.PruneChannels(ChannelPruning.Keep(order, 2));
        Assert.Equal(Inference.Accuracy(network, images, TestContexts.Run()), accuracies[2], 9);
        Assert.True(accuracies[2] < 0.7);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public void Repair_BackdoorInADormantChannel_IsRemovedAndTheOriginalKept(int epochs)
    {
        using var original = new FloatDeployed(TestNetworks.Backdoored());
        var holdout = TestNetworks.ColouredImages(90, TestContexts.Random("holdout"));
        var triggered = TestNetworks.Stamp(TestNetworks.ColouredImages(90, TestContexts.Random("test")));
        var observed = new List<(string Phase, double At)>();
        var context = TestContexts.Of(
            Needs.CleanHoldout | Needs.Weights,
            original,
            holdout,
            copy: TestNetworks.Backdoored,
            observe: (phase, at, _) => observed.Add((phase, at))
        );
        using var repaired = new FinePruning { FineTuneEpochs = epochs }.Repair(context);

        Assert.All(Inference.Predict(original, triggered, TestContexts.Run()), label => Assert.Equal(0, label));
        Assert.Equal(1, Inference.Accuracy(repaired.Network, triggered, TestContexts.Run()));
        Assert.Equal(1, Inference.Accuracy(repaired.Network, holdout, TestContexts.Run()));
        Assert.Equal([0, 1, 2, 3], observed.Where(point => point.Phase == "pruned channels").Select(point => point.At));
        Assert.Equal(
            epochs > 0 ? [0, 1, 2, 3, 4, 5] : [],
            observed.Where(point => point.Phase == "epochs of fine-tuning").Select(point => point.At)
        );
        Assert.False(repaired.Network.training);
        Assert.Equal(epochs > 0, repaired.Pruned is not null);
        Assert.Equal(90, repaired.Numbers.Single(number => number.Name == "stop-rule-images").Value);
    }

    [Fact]
    public void Repair_PrunedAndTuned_KeepsThePrunedNetworkApart()
    {
        using var original = new FloatDeployed(TestNetworks.Backdoored());
        var holdout = TestNetworks.ColouredImages(90, TestContexts.Random("holdout"));
        using var repaired = new FinePruning { FineTuneEpochs = 1, CurvePoints = 0 }.Repair(
            TestContexts.Of(Needs.CleanHoldout | Needs.Weights, original, holdout, copy: TestNetworks.Backdoored)
        );
        using var pruned = TestNetworks.Backdoored();
        pruned.PruneChannels(
            ChannelPruning.Keep(
                [3, 0, 1, 2],
                (int)repaired.Numbers.Single(number => number.Name == "pruned-channels").Value
            )
        );

        Assert.Equal(
            Inference.Rows(pruned.call, holdout, TestContexts.Run()),
            Inference.Rows(repaired.Pruned!.call, holdout, TestContexts.Run())
        );
        Assert.NotEqual(
            Inference.Rows(pruned.call, holdout, TestContexts.Run()),
            Inference.Rows(repaired.Network.call, holdout, TestContexts.Run())
        );
    }

    [Fact]
    public void Margin_OfTheStopRule_IsHalfTheExactInterval()
    {
        // All 9 right: from 0.025^(1/9) = 0.6637 to 1.
        Assert.Equal((1 - 0.663732) / 2, FinePruning.Margin(1, 9), 5);
        Assert.InRange(FinePruning.Margin(0.9, 160), 0.04, 0.06);
        Assert.InRange(FinePruning.Margin(0.9, 400), 0.02, 0.04);
    }

    [Fact]
    public void Warnings_HoldoutTooSmallForTheCut_NameTheNumberNeeded()
    {
        // 1.96^2 * 0.9 * 0.1 / 0.04^2 = 216.
        Assert.Contains(
            "needs about 216",
            Assert.Single(new FinePruning { ValidationShare = 0.4 }.Warnings(400)),
            StringComparison.Ordinal
        );
        Assert.Empty(new FinePruning().Warnings(400));
        Assert.NotEmpty(new FinePruning().Warnings(160));
    }

    [Fact]
    public void Repair_FewImagesForTheCut_SaysSoInItsNote()
    {
        using var original = new FloatDeployed(TestNetworks.Backdoored());
        var context = TestContexts.Of(
            Needs.CleanHoldout | Needs.Weights,
            original,
            TestNetworks.ColouredImages(9, TestContexts.Random("holdout")),
            copy: TestNetworks.Backdoored
        );
        using var repaired = new FinePruning { FineTuneEpochs = 0, CurvePoints = 0 }.Repair(context);

        Assert.Contains(
            "Too few for the rule: they tell accuracy to within 16.8 points",
            repaired.Note,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Repair_NoConvolution_IsNotApplicable()
    {
        using var model = new FloatDeployed(TestNetworks.Backdoored());
        var holdout = TestNetworks.ColouredImages(9, TestContexts.Random("holdout"));

        Assert.Throws<NotApplicableException>(() =>
            new FinePruning().Repair(
                TestContexts.Of(
                    Needs.CleanHoldout | Needs.Weights,
                    model,
                    holdout,
                    copy: () => new LinearNetwork(TestNetworks.Shape(3, 8, 3), new float[3 * 192])
                )
            )
        );
    }
}
