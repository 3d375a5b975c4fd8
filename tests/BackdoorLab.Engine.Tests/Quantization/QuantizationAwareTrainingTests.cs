using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Tests.Models;
using BackdoorLab.Engine.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Quantization;

[Collection("torch")]
public sealed class QuantizationAwareTrainingTests
{
    private static readonly RunContext Run = new(new SeedTree(1));

    /// <summary>
    /// What it is for: the loss of the rounded network on the images it is tuned on falls. Accuracy on 500 test images of one training is
    /// another matter on every processor; the loss came to 0.18 to 0.44 of what rounding alone left, over seeds and instruction sets.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void FourBits_OfATrainedNet_LowerTheLossThatRoundingRaised(int seed)
    {
        var data = new SyntheticSigns { Classes = 10, TrainCount = 600, TestCount = 100, Seed = seed }.Load("", new SeedTree(seed));
        random.manual_seed(seed);
        var shape = new ClassifierShape(3, data.Train.Height, data.Train.Width, data.Train.Classes, data.Normalization);
        using var trained = new ResidualNetwork(shape, new([8, 16, 32], 1));
        Trainer.Train(trained, data.Train, new TrainOptions { Epochs = 8, BatchSize = 32, Precision = TrainingPrecision.Float32 }, new RunContext(new SeedTree(seed)));
        trained.eval();
        var images = new QuantizationImages(data.Train, data.Test);
        using var rounded = new W4A4Simulated().Convert(trained, images, Run);
        using var tuned = new W4A4Simulated { QatEpochs = 2 }.Convert(trained, images, Run);
        using var exact = new Float32().Convert(trained, images, Run);
        var (floating, lossy, recovered) = (Loss(exact, data.Train), Loss(rounded, data.Train), Loss(tuned, data.Train));
        Assert.True(lossy > floating, $"{floating:0.000} in float, {lossy:0.000} rounded: nothing to get back.");
        Assert.True(recovered < 0.7 * lossy, $"{floating:0.000} in float, {lossy:0.000} rounded, {recovered:0.000} fine-tuned: {recovered / lossy:0.00}.");
    }

    // Mean cross-entropy.
    private static double Loss(DeployedClassifier deployed, ImageSet set)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var pixels = tensor(set.Pixels, [set.Count, set.Channels, set.Height, set.Width]).to(ScalarType.Float32).div(255);
        return nn.functional.cross_entropy(deployed.Logits(pixels), tensor(set.Labels.Select(label => (long)label).ToArray())).item<float>();
    }

    public static TheoryData<string> Networks => ["small-conv-net", "res-net8", "pre-activation"];

    [Theory]
    [MemberData(nameof(Networks))]
    public void Of_EveryKindOfNetwork_LearnsAndLeavesTheTrainedOneAlone(string network)
    {
        using var scope = NewDisposeScope();
        using var trained = network == "pre-activation"
            ? new ResidualNetwork(SmallModels.Shape(side: 16), new([8, 16], 1, PreActivation: true))
            : SmallModels.Settled(network, SmallModels.Shape(side: 16));
        trained.eval();
        var images = SmallModels.ImageSet(trained.Shape, 32);
        using var before = trained.Clone();
        var precision = new W8A8Simulated { QatEpochs = 1, Observer = RangeObserver.MinMax };
        using var tuned = precision.Convert(trained, images, Run);
        Assert.False(tuned.Twin.training);
        Assert.All(before.parameters().Zip(trained.parameters()), pair => Assert.Equal(0, SmallModels.LargestDifference(pair.First, pair.Second)));
        Assert.All(
            trained.named_parameters().Zip(tuned.Twin.named_parameters()),
            pair => Assert.True(SmallModels.LargestDifference(pair.First.parameter, pair.Second.parameter) > 0, pair.First.name));
        Assert.All(
            trained.named_buffers().Zip(tuned.Twin.named_buffers()),
            pair => Assert.Equal(0, SmallModels.LargestDifference(pair.First.buffer, pair.Second.buffer)));
    }

    [Fact]
    public void Convert_TwiceFromOneSeed_GivesTheSameBits_AndLeavesNothingBehind()
    {
        using var scope = NewDisposeScope();
        using var trained = SmallModels.Settled("res-net8", SmallModels.Shape(side: 16));
        var images = SmallModels.ImageSet(trained.Shape, 80);
        var precision = new W4A4Simulated { QatEpochs = 2, CalibrationImages = 32 };
        var batch = SmallModels.Images(trained.Shape, 8);
        var first = Logits(1);
        var live = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Assert.Equal(first, Logits(1));
        Assert.Equal(live, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.NotEqual(first, Logits(2));

        float[] Logits(int seed)
        {
            using var inner = NewDisposeScope();
            using var deployed = precision.Convert(trained, images, new RunContext(new SeedTree(seed)));
            return deployed.Logits(batch).data<float>().ToArray();
        }
    }

    [Fact]
    public void Convert_CountsItsStepsAndStopsWhenCancelled()
    {
        using var trained = SmallModels.Settled("res-net8", SmallModels.Shape(side: 16));
        var images = SmallModels.ImageSet(trained.Shape, 80);
        var precision = new W4A4Simulated { QatEpochs = 2, CalibrationImages = 32 };
        var reports = new List<(double Done, double Total, string Unit)>();
        precision.Convert(trained, images, new RunContext(new SeedTree(1), progress: (done, total, unit) => reports.Add((done, total, unit)))).Dispose();
        Assert.Equal([(0, 4, "steps"), (1, 4, "steps"), (2, 4, "steps"), (3, 4, "steps")], reports);
        using var stop = new CancellationTokenSource();
        var run = new RunContext(new SeedTree(1), stop.Token, (done, _, _) =>
        {
            if (done >= 1)
            {
                stop.Cancel();
            }
        });
        Assert.ThrowsAny<OperationCanceledException>(() => precision.Convert(trained, images, run));
    }

    [Fact]
    public void Convert_OfTheCleanHoldout_SaysSo_AndWithoutEpochsSaysNothing()
    {
        using var trained = SmallModels.Settled("res-net8", SmallModels.Shape(side: 16));
        var images = SmallModels.ImageSet(trained.Shape, 40);
        var precision = new Int8Static { QatEpochs = 2, QatLearningRate = 1e-4, CalibrationSet = CalibrationSet.CleanHoldout };
        using var tuned = precision.Convert(trained, images, Run);
        Assert.Contains("quantization-aware training for 2 epochs over the 40 labelled images of the clean holdout", tuned.Realisation.Description, StringComparison.Ordinal);
        Assert.Contains("peak rate 0.0001).", tuned.Realisation.Description, StringComparison.Ordinal);
        Assert.Equal(GradientAccess.StraightThrough, tuned.Gradients);
        using var plain = (precision with { QatEpochs = 0 }).Convert(trained, images, Run);
        Assert.DoesNotContain("fine-tuned", plain.Realisation.Description, StringComparison.Ordinal);
    }

    [Fact]
    public void Int8Static_FineTuned_RunsTheFineTunedWeights()
    {
        using var scope = NewDisposeScope();
        using var trained = SmallModels.Settled("res-net8", SmallModels.Shape(side: 16));
        var images = SmallModels.ImageSet(trained.Shape, 64);
        using var deployed = new Int8Static { QatEpochs = 2, QatLearningRate = 1e-3 }.Convert(trained, images, Run);
        using var noGrad = no_grad();
        var batch = SmallModels.Images(trained.Shape, 16);
        var found = deployed.Logits(batch);
        var toTwin = found.sub(deployed.Twin.call(batch)).norm().item<float>();
        Assert.True(5 * toTwin < found.sub(trained.call(batch)).norm().item<float>());
    }

    [Fact]
    public void Convert_OfANetworkThatGivesNoNumbers_SaysThatTrainingDiverged()
    {
        using var trained = SmallModels.Settled("res-net8", SmallModels.Shape(side: 16));
        using (no_grad())
        {
            trained.modules().OfType<FullyConnected>().Single().weight.fill_(float.NaN);
        }

        var precision = new W8A8Simulated { QatEpochs = 1, Observer = RangeObserver.MinMax };
        Assert.Throws<TrainingDivergedException>(() => precision.Convert(trained, SmallModels.ImageSet(trained.Shape, 32), Run));
    }

    [Fact]
    public void Conflicts_OfLearnedRounding_RefuseIt()
    {
        var precision = new Int8Static { QatEpochs = 1, Rounding = Rounding.Efrap };
        Assert.Equal("rounding", Assert.Single(precision.Conflicts).Path);
        Assert.Empty((precision with { QatEpochs = 0 }).Conflicts);
        Assert.Empty((precision with { Rounding = Rounding.Nearest }).Conflicts);
        using var trained = SmallModels.Build("res-net8", SmallModels.Shape(side: 16));
        Assert.Throws<NotApplicableException>(() => precision.Convert(trained, SmallModels.ImageSet(trained.Shape, 32), Run));
    }

    [Fact]
    public void LearningImages_CountTheSetThatIsTrainedOn()
    {
        var precision = new W4A4Simulated { QatEpochs = 2 };
        var one = QuantizationAwareTraining.GradientImages(1);
        Assert.Equal(2 * 1000 * one, precision.LearningImages(1000, 100));
        Assert.Equal(2 * 100 * one, (precision with { CalibrationSet = CalibrationSet.CleanHoldout }).LearningImages(1000, 100));
        Assert.Equal(0, new W4A4Simulated().LearningImages(1000, 100));
    }
}
