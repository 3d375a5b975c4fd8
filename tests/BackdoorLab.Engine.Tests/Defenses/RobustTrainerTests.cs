using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Defenses;

/// <summary>The cores of the training defenses, by numbers worked out by hand, and how their parts are kept.</summary>
[Collection("torch")]
public sealed class RobustTrainerTests
{
    private static readonly ImageSet Images = TestNetworks.ColouredImages(60, TestContexts.Random("robust"));

    [Fact]
    public void Kept_OfSamples_TurnsTheLowOnesAround()
    {
        using var scope = NewDisposeScope();
        // Two classes: losses ln(1 + e^-2) = 0.126928 and ln(1 + e^2) = 2.126928.
        var logits = tensor(new float[] { 2, 0, 2, 0 }, [2, 2], requires_grad: true);
        var labels = tensor(new long[] { 0, 1 });
        var bySample = new AntiBackdoorLearning { Level = 0.5 };
        Assert.Equal((2.126928 - 0.126928) / 2, bySample.Kept(logits, labels).item<float>(), 5);
        var byBatch = bySample with { Granularity = IsolationGranularity.Batch };
        // The mean, 1.126928, is above the level: as it is; below another level: turned around.
        Assert.Equal(1.126928, byBatch.Kept(logits, labels).item<float>(), 5);
        Assert.Equal(-1.126928, (byBatch with { Level = 2 }).Kept(logits, labels).item<float>(), 5);
    }

    [Fact]
    public void Weights_OfTwoLosses_AreSharesOfMeanOne()
    {
        using var scope = NewDisposeScope();
        // Shares 1/4, 3/4, 1/2: mean 1/2.
        var weights = CausalityInspired.Weights(
            tensor(new float[] { 1, 3, 2 }),
            tensor(new float[] { 3, 1, 2 }, requires_grad: true)
        );
        Assert.Equal([0.5f, 1.5f, 1], Inference.Floats(weights).Select(weight => MathF.Round(weight, 5)));
        Assert.False(weights.requires_grad);
    }

    [Fact]
    public void Losses_OfANetwork_AreCrossEntropyOfEachImage()
    {
        using var scope = NewDisposeScope();
        using var network = TestNetworks.Backdoored();
        using var noGrad = no_grad();
        var exact = nn.functional.cross_entropy(
            network.call(Batches.Images(Images)),
            tensor(Array.ConvertAll(Images.Labels, label => (long)label)),
            reduction: nn.Reduction.None
        );
        var losses = Inference.Losses(network, Images, TestContexts.Run(), batchSize: 7);
        Assert.All(Inference.Floats(exact).Zip(losses), pair => Assert.Equal(pair.First, pair.Second, 4));
    }

    [Fact]
    public void Take_EqualScores_AreTakenByNumber() => Assert.Equal([2, 0, 1], LowestLosses.Take([1, 1, 0.5f, 2], 3));

    [Fact]
    public void Ascent_OfFewSamples_StopsAtAGuess()
    {
        using var network = TestNetworks.Backdoored();
        using var ascent = new Unlearning(network, 0.5, 16, 0, Float, TestContexts.Run());
        Assert.False(Unlearning.IsUnlearnt(network, Images, TestContexts.Run()));
        Assert.Equal(2, ascent.Pass(Images, up: true, steps: 2));
        for (var i = 0; i < 50 && !Unlearning.IsUnlearnt(network, Images, TestContexts.Run()); i++)
        {
            Assert.Equal(4, ascent.Pass(Images, up: true));
        }

        Assert.True(Unlearning.IsUnlearnt(network, Images, TestContexts.Run()));
    }

    [Fact]
    public void Train_InterruptedBetweenParts_EndsTheSame()
    {
        var defense = new CausalityInspired { BiasedEpochs = 1, Epochs = 2 };
        var parts = new Kept();
        var whole = Run(defense, parts);
        Assert.Equal(["biased", "clean"], parts.Weights.Keys.Order());
        parts.Weights.Remove("clean");
        Assert.Equal(whole, Run(defense, parts));
        Assert.Equal(1, parts.Restored);
    }

    [Fact]
    public void Filter_DropsWhatItsDetectorFlagsAndTrainsOnTheRest()
    {
        var defense = new FilterAndRetrain();
        using var model = defense.Train(
            TestContexts.Training(
                defense.Needs,
                Images,
                Images,
                TestNetworks.Backdoored,
                () => new FloatDeployed(TestNetworks.Backdoored())
            )
        );
        var flagged = model.TakenForPoison!.Count(taken => taken);
        Assert.InRange(flagged, 1, Images.Count / 2);
        Assert.StartsWith($"{flagged} of 60 samples dropped", model.Report.Note, StringComparison.Ordinal);
    }

    [Fact]
    public void Filter_ByWhatIsNoDetector_NamesThoseThatAre()
    {
        var defense = new FilterAndRetrain { Detector = "clp" };
        var fault = Assert.Throws<NotApplicableException>(() =>
            defense.Train(TestContexts.Training(defense.Needs, Images, Images, TestNetworks.Backdoored))
        );
        Assert.Contains("spectral-signatures", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Contrast_OfFourViews_IsTheMeanOfTheirLogShares()
    {
        using var scope = NewDisposeScope();
        // Two images, both views of each equal, the images at right angles; temperature 1. Similarities to the other
        // three views are 1, 0, 0: minus log of e / (e + 2).
        var views = tensor(new float[] { 1, 0, 0, 1, 1, 0, 0, 1 }, [4, 2]);
        var apart = Math.Log(Math.E + 2) - 1;
        Assert.Equal(apart, Contrastive.Loss(views, [Contrastive.Alone, Contrastive.Alone], 1).item<float>(), 5);
        // Together they are three that belong: similarities 1, 0, 0, of which each counts a third.
        Assert.Equal(Math.Log(Math.E + 2) - 1 / 3.0, Contrastive.Loss(views, [4, 4], 1).item<float>(), 5);
        Assert.Equal(apart, Contrastive.Loss(views, [4, 5], 1).item<float>(), 5);
    }

    [Fact]
    public void Symmetric_OfEvenLogits_IsATenthOfTheUsualPlusTheReverse()
    {
        using var scope = NewDisposeScope();
        // p = (1/2, 1/2): 0.1 ln 2 + 0.5 * -ln 1e-4.
        var loss = DecoupledTraining.Symmetric(zeros(1, 2), tensor(new long[] { 1 }));
        Assert.Equal(0.1 * Math.Log(2) + 0.5 * Math.Log(1e4), loss.item<float>(), 4);
    }

    [Fact]
    public void Labelled_PerClass_LeavesNoClassWithout()
    {
        float[] losses = [1, 2, 9, 8];
        int[] labels = [0, 0, 1, 1];
        Assert.Equal([0, 1], new DecoupledTraining().Labelled(losses, labels));
        Assert.Equal([0, 3], new DecoupledTraining { PerClass = true }.Labelled(losses, labels));
    }

    [Fact]
    public void Sharpened_Probabilities_AreTheirSquaresOfSumOne()
    {
        using var scope = NewDisposeScope();
        var sharp = Inference.Floats(MixMatch.Sharpened(tensor(new float[] { 0.75f, 0.25f }, [1, 2])));
        Assert.Equal([0.9f, 0.1f], sharp.Select(value => MathF.Round(value, 5)));
    }

    [Fact]
    public void Split_OfDistances_TakesBothEnds()
    {
        var split = SampleSplit.Of([5, 1, 4, 2, 3], 0.4, 0.2);
        Assert.Equal([1, 3], split.Clean);
        Assert.Equal([0], split.Poison);
    }

    [Fact]
    public void HeadLayers_OfANetwork_AreThoseAfterItsFeatures()
    {
        using var network = TestNetworks.Backdoored();
        var head = HeadLayers.Of(network);
        Assert.Equal([12L, 3L], head.Select(parameter => parameter.numel()));
    }

    private static TrainOptions Float => new() { Precision = TrainingPrecision.Float32 };

    private static float[] Run(RobustTrainer defense, ITrainedParts parts)
    {
        using var scope = NewDisposeScope();
        using var model = defense.Train(
            TestContexts.Training(defense.Needs, Images, Images, TestNetworks.Backdoored, parts: parts)
        );
        return Inference.Rows(model.Network.call, Images, TestContexts.Run());
    }

    private sealed class Kept : ITrainedParts
    {
        internal Dictionary<string, float[][]> Weights { get; } = [];

        internal int Restored { get; private set; }

        public bool Restore(string part, Classifier network)
        {
            if (!Weights.TryGetValue(part, out var kept))
            {
                return false;
            }

            Restored++;
            foreach (var (parameter, values) in network.parameters().Zip(kept))
            {
                TestNetworks.Fill(parameter, values);
            }

            network.eval();
            return true;
        }

        public void Keep(string part, Classifier network) =>
            Weights[part] = [.. network.parameters().Select(Inference.Floats)];

        public string? Checkpoint(string part) => null;
    }
}
