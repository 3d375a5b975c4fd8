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
[Trait("Category", "Slow")]
public sealed class QuantizationAwareTrainingTests
{
    private static readonly RunContext Run = new(new SeedTree(1));

    /// <summary>
    /// What it is for: of the loss that rounding adds on the images it is tuned on, it takes at least half away, over
    /// three networks. Accuracy on test images of one training is another matter on every processor. It took 1.4 to 1.7
    /// times as much away as had been added, with AVX512-VNNI, with AVX512 and with AVX2 alone: fine-tuning trains on,
    /// too.
    /// </summary>
    [Fact]
    public void FourBits_OfTrainedNets_TakeAwayTheLossThatRoundingAdded()
    {
        double added = 0,
            taken = 0;
        for (var seed = 1; seed <= 3; seed++)
        {
            var data = new SyntheticSigns
            {
                TrainCount = 600,
                TestCount = 100,
                Seed = seed,
            }.Load("", new SeedTree(seed));
            random.manual_seed(seed);
            var shape = new ClassifierShape(
                3,
                data.Train.Height,
                data.Train.Width,
                data.Train.Classes,
                data.Normalization
            );
            using var trained = new ResidualNetwork(shape, new([8, 16, 32], 1));
            Trainer.Train(
                trained,
                data.Train,
                new TrainOptions
                {
                    Epochs = 8,
                    BatchSize = 32,
                    Precision = TrainingPrecision.Float32,
                },
                new RunContext(new SeedTree(seed))
            );
            trained.eval();
            var images = new QuantizationImages(data.Train, data.Test);
            using var exact = new Float32().Convert(trained, images, Run);
            using var rounded = new W4A4Simulated().Convert(trained, images, Run);
            using var tuned = new W4A4Simulated { QatEpochs = 4 }.Convert(trained, images, Run);
            var lossy = Loss(rounded, data.Train);
            (added, taken) = (added + lossy - Loss(exact, data.Train), taken + lossy - Loss(tuned, data.Train));
        }

        Assert.True(added > 0.1, $"Rounding added {added:0.000}: nothing to take away.");
        Assert.True(taken > 0.5 * added, $"Rounding added {added:0.000}, tuning took {taken:0.000} away.");
    }

    // Mean cross-entropy.
    private static double Loss(DeployedClassifier deployed, ImageSet set)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var pixels = tensor(set.Pixels, [set.Count, set.Channels, set.Height, set.Width])
            .to(ScalarType.Float32)
            .div(255);
        return nn
            .functional.cross_entropy(
                deployed.Logits(pixels),
                tensor(set.Labels.Select(label => (long)label).ToArray())
            )
            .item<float>();
    }

    public static TheoryData<string> Networks => ["small-conv-net", "res-net8", "pre-activation"];

    [Theory]
    [MemberData(nameof(Networks))]
    public void Of_EveryKindOfNetwork_LearnsAndLeavesTheTrainedOneAlone(string network)
    {
        using var scope = NewDisposeScope();
        using var trained =
            network == "pre-activation"
                ? new ResidualNetwork(SmallModels.Shape(side: 16), new([8, 16], 1, PreActivation: true))
                : SmallModels.Settled(network, SmallModels.Shape(side: 16));
        trained.eval();
        var images = SmallModels.ImageSet(trained.Shape, 32);
        using var before = trained.Clone();
        var precision = new W8A8Simulated { QatEpochs = 1, Observer = RangeObserver.MinMax };
        using var tuned = precision.Convert(trained, images, Run);
        Assert.False(tuned.FloatModel.training);
        Assert.All(
            before.parameters().Zip(trained.parameters()),
            pair => Assert.Equal(0, SmallModels.LargestDifference(pair.First, pair.Second))
        );
        Assert.All(
            trained.named_parameters().Zip(tuned.FloatModel.named_parameters()),
            pair =>
                Assert.True(
                    SmallModels.LargestDifference(pair.First.parameter, pair.Second.parameter) > 0,
                    pair.First.name
                )
        );
        Assert.All(
            trained.named_buffers().Zip(tuned.FloatModel.named_buffers()),
            pair => Assert.Equal(0, SmallModels.LargestDifference(pair.First.buffer, pair.Second.buffer))
        );
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
        precision
            .Convert(
                trained,
                images,
                new RunContext(new SeedTree(1), progress: (done, total, unit) => reports.Add((done, total, unit)))
            )
            .Dispose();
        Assert.Equal([(0, 4, "steps"), (1, 4, "steps"), (2, 4, "steps"), (3, 4, "steps")], reports);
        using var stop = new CancellationTokenSource();
        var run = new RunContext(
            new SeedTree(1),
            stop.Token,
            (done, _, _) =>
            {
                if (done >= 1)
                {
                    stop.Cancel();
                }
            }
        );
        Assert.ThrowsAny<OperationCanceledException>(() => precision.Convert(trained, images, run));
    }

    [Fact]
    public void Convert_OfTheCleanHoldout_SaysSo_AndWithoutEpochsSaysNothing()
    {
        using var trained = SmallModels.Settled("res-net8", SmallModels.Shape(side: 16));
        var images = SmallModels.ImageSet(trained.Shape, 40);
        var precision = new Int8Static
        {
            QatEpochs = 2,
            QatLearningRate = 1e-4,
            CalibrationSet = CalibrationSet.CleanHoldout,
        };
        using var tuned = precision.Convert(trained, images, Run);
        Assert.Contains(
            "quantization-aware training for 2 epochs over the 40 labelled images of the clean holdout",
            tuned.Realisation.Description,
            StringComparison.Ordinal
        );
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
        var toFloatModel = found.sub(deployed.FloatModel.call(batch)).norm().item<float>();
        Assert.True(5 * toFloatModel < found.sub(trained.call(batch)).norm().item<float>());
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
        Assert.Throws<TrainingDivergedException>(() =>
            precision.Convert(trained, SmallModels.ImageSet(trained.Shape, 32), Run)
        );
    }

    [Fact]
    public void Conflicts_OfLearnedRounding_RefuseIt()
    {
        var precision = new Int8Static { QatEpochs = 1, Rounding = Rounding.Efrap };
        Assert.Equal("rounding", Assert.Single(precision.Conflicts).Path);
        Assert.Empty((precision with { QatEpochs = 0 }).Conflicts);
        Assert.Empty((precision with { Rounding = Rounding.Nearest }).Conflicts);
        using var trained = SmallModels.Build("res-net8", SmallModels.Shape(side: 16));
        Assert.Throws<NotApplicableException>(() =>
            precision.Convert(trained, SmallModels.ImageSet(trained.Shape, 32), Run)
        );
    }

    [Fact]
    public void LearningImages_CountTheSetThatIsTrainedOn()
    {
        var precision = new W4A4Simulated { QatEpochs = 2 };
        var one = QuantizationAwareTraining.GradientImages(1);
        Assert.Equal(2 * 1000 * one, precision.LearningImages(1000, 100));
        Assert.Equal(
            2 * 100 * one,
            (precision with { CalibrationSet = CalibrationSet.CleanHoldout }).LearningImages(1000, 100)
        );
        Assert.Equal(0, new W4A4Simulated().LearningImages(1000, 100));
    }
}
