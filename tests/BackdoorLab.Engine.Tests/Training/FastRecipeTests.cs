using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Training;
using TorchSharp;
using static BackdoorLab.Engine.Tests.Training.ToyTraining;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Training;

/// <summary>The parts of the fast recipe, each by hand, and all of them together over an interruption.</summary>
[Collection("torch")]
public sealed class FastRecipeTests : IDisposable
{
    private static readonly TrainOptions Recipe = new()
    {
        Epochs = 5,
        BatchSize = 24,
        LearningRate = 0.3,
        Momentum = 0.85,
        WeightDecay = 1e-3,
        Schedule = ScheduleKind.Triangular,
        CropPadding = 2,
        ReflectCrop = true,
        AlternatingFlip = true,
        DropLast = true,
        LabelSmoothing = 0.2,
        Nesterov = true,
        NormBiasRate = 64,
        LookaheadSteps = 2,
        WhiteningImages = 40,
        Precision = TrainingPrecision.Float32,
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("recipe").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(0, 0.2)]
    [InlineData(11, 0.2 + 0.8 * 11 / 23)]
    [InlineData(23, 1.0)]
    [InlineData(100, 0.07)]
    [InlineData(60, 1 - 0.93 * 37 / 77)]
    public void Triangular_OfAHundredSteps_RisesToStep23AndFallsToSevenPercent(long step, double expected) =>
        Assert.Equal(expected, Schedule.Rate(ScheduleKind.Triangular, 1.0, step, 100), 12);

    [Fact]
    public void Nesterov_TwoStepsWithDecay_MatchHandComputation()
    {
        using var layer = nn.Linear(1, 1, hasBias: false);
        Fill(layer.weight!, 2);
        using var optimizer = new SgdOptimizer(layer, momentum: 0.5, weightDecay: 0.1, nesterov: true);

        // g = 3 + 0.2 = 3.2; v = 3.2; w = 2 - 0.1 (3.2 + 1.6) = 1.52
        Step(optimizer, () => (layer.weight! * 3f).sum());
        Assert.Equal(1.52f, layer.weight!.item<float>(), 5);
        // g = 3.152; v = 1.6 + 3.152 = 4.752; w = 1.52 - 0.1 (3.152 + 2.376) = 0.9672
        Step(optimizer, () => (layer.weight! * 3f).sum());
        Assert.Equal(0.9672f, layer.weight!.item<float>(), 5);
    }

    [Fact]
    public void NormBiasRate_OfAShift_MultipliesItsRateAndNotItsDecay()
    {
        using var norm = new BatchNorm2d(1);
        Fill(norm.weight, 2);
        Fill(norm.bias, 2);
        using var network = nn.Sequential(("norm", norm));
        using var optimizer = new SgdOptimizer(network, momentum: 0, weightDecay: 0.1, normBiasRate: 4);

        Step(optimizer, () => (norm.weight * 3f + norm.bias * 3f).sum());

        // Scale: 2 - 0.1 (3 + 0.1 x 2); shift: 2 - 0.4 (3 + 0.1 / 4 x 2).
        Assert.Equal(1.68f, norm.weight.item<float>(), 5);
        Assert.Equal(0.78f, norm.bias.item<float>(), 5);
    }

    [Fact]
    public void NormBiasRate_WithAdam_MultipliesTheFirstMove()
    {
        using var norm = new BatchNorm2d(1);
        using var network = nn.Sequential(("norm", norm));
        using var optimizer = new AdamOptimizer(network, weightDecay: 0, normBiasRate: 4);

        Step(optimizer, () => (norm.weight * 3f + norm.bias * 3f).sum(), rate: 0.01);

        Assert.Equal(0.99f, norm.weight.item<float>(), 5);
        Assert.Equal(-0.04f, norm.bias.item<float>(), 5);
    }

    [Fact]
    public void LabelSmoothing_OfOneImage_IsTheWeightedMeanByHand()
    {
        using var scope = NewDisposeScope();
        var logits = tensor(new[] { 0f, MathF.Log(3) }, [1, 2]);

        var loss = new LabelSmoothing(0.2).Loss(logits, tensor(new long[] { 1 }));

        // Probabilities 1/4 and 3/4: 0.8 x -ln 0.75 + 0.2 x -(ln 0.25 + ln 0.75) / 2.
        Assert.Equal(0.8 * 0.28768207 + 0.2 * 0.83698822, loss.item<float>(), 5);
    }

    [Fact]
    public void Lookahead_TwoPulls_MoveTheWeightsToTheAverageByHand()
    {
        using var model = Network();
        using var lookahead = new Lookahead(model, every: 5);
        var weights = model.parameters().First(parameter => parameter.requires_grad);
        var statistics = model.modules().OfType<BatchNorm2d>().First().running_mean;
        var start = weights.flatten()[0].item<float>();
        Fill(weights, start + 1);
        Fill(statistics, 1);

        lookahead.After(4, 10);
        Assert.Equal(start + 1, weights.flatten()[0].item<float>(), 5);

        // d = 0.95^5 x 0.5^3 = 0.09672: the average goes 0.90328 of the way.
        lookahead.After(5, 10);
        Assert.Equal(start + 0.9032774f, weights.flatten()[0].item<float>(), 5);
        Assert.Equal(0.9032774f, statistics[0].item<float>(), 5);

        Fill(weights, 7);
        lookahead.Finish();
        Assert.Equal(start + 0.9032774f, weights.flatten()[0].item<float>(), 5);
    }

    [Fact]
    public void AlternatingFlips_OfTwoEpochs_ShowBothSidesOfEveryImage()
    {
        var flips = new EpochFlips(1000, Recipe, new SeedTree(1));

        Assert.InRange(flips.Of(0)!.Count(mirrored => mirrored), 400, 600);
        Assert.All(flips.Of(0)!.Zip(flips.Of(1)!), pair => Assert.NotEqual(pair.First, pair.Second));
        Assert.Equal(flips.Of(0), flips.Of(2));
        Assert.Null(new EpochFlips(1000, new TrainOptions(), new SeedTree(1)).Of(0));
    }

    [Theory]
    [InlineData(3, 12)]
    [InlineData(1, 4)]
    public void Whitening_OfTheFirstConvolution_MakesItsOutputsUncorrelated(int channels, int directions)
    {
        using var scope = NewDisposeScope();
        var data = Data(channels);
        using var model = Network(channels);

        var layer = Whitening.Apply(model, data, 1000, new SeedTree(1))!;

        using var noGrad = no_grad();
        Assert.Equal(2 * directions, layer.weight.shape[0]);
        Assert.Equal(
            layer.weight.slice(0, 0, directions, 1).neg(),
            layer.weight.slice(0, directions, 2 * directions, 1)
        );
        var normalize = model.modules().OfType<PixelNormalization>().Single();
        var responses = (layer.call(normalize.call(Batches.Images(data))) - layer.bias!.reshape(1, -1, 1, 1)).slice(
            1,
            0,
            directions,
            1
        );
        var rows = responses.permute(0, 2, 3, 1).reshape(-1, directions).to(ScalarType.Float64);
        var moments = rows.t().mm(rows).div(rows.shape[0]);

        // One in the diagonal where the eigenvalue is well above the constant in the divisor, zero beside it.
        Assert.Equal(1, moments[0, 0].item<double>(), 1e-2);
        Assert.True((moments - diag(moments.diagonal())).abs().max().item<double>() < 1e-3);
    }

    [Fact]
    public void Whitening_OfSecondMoments_DividesEachDirectionByTheRootOfItsEigenvalue()
    {
        using var scope = NewDisposeScope();
        var filters = Whitening.Filters(tensor(new double[] { 4, 0, 0, 1 }, [2, 2]));

        Assert.Equal(
            [1 / Math.Sqrt(4 + Whitening.Eps), 0, 0, 1 / Math.Sqrt(1 + Whitening.Eps)],
            filters.data<double>().ToArray()
        );
    }

    [Fact]
    public void Whitening_OfALayerWithFewerFilters_TakesTheWidestDirectionsAndIsNotHeld()
    {
        using var model = new SmallConvNet().Build(Shape(3));
        Assert.Null(Whitening.Apply(model, Data(), 1000, new SeedTree(1)));
    }

    [Fact]
    public void Train_WithWhitening_HoldsTheFiltersAndTheirBiasAfterThreeEpochs()
    {
        using var model = Network();
        var layer = model.modules().OfType<Convolution>().First();
        var (filters, biases) = (new List<float>(), new List<float>());

        Trainer.Train(
            model,
            Data(),
            Recipe with
            {
                LookaheadSteps = 0,
            },
            Run(),
            new()
            {
                EpochFinished = _ =>
                {
                    filters.Add(layer.weight.flatten()[0].item<float>());
                    biases.Add(layer.bias![0].item<float>());
                },
            }
        );

        Assert.Single(filters.Distinct());
        Assert.Equal(3, biases.Distinct().Count());
        Assert.Equal(biases[2], biases[4]);
        Assert.True(layer.weight.requires_grad && layer.bias!.requires_grad);
    }

    [Fact]
    public void Train_DropLast_LeavesOutWhatFillsNoBatch()
    {
        var steps = 0.0;
        using var model = Network();
        Trainer.Train(model, Data(), Recipe with { Epochs = 2 }, Run(progress: (_, all, _) => steps = all));
        Assert.Equal(2 * (64 / 24), steps);
    }

    // In the middle of a lookahead's round, between a pull and the end of an epoch, and after the bias is held.
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(8)]
    public void Train_WithTheWholeRecipeInterruptedAndResumed_EndsWithTheSameBits(int stopAt)
    {
        var file = Path.Combine(_folder, "stop.safetensors");
        using var whole = Network();
        Trainer.Train(whole, Data(), Recipe, Run());
        using var stop = new CancellationTokenSource();
        using (var model = Network())
        {
            var run = StoppedAfter(stopAt, stop);
            Assert.ThrowsAny<OperationCanceledException>(() =>
                Trainer.Train(model, Data(), Recipe, run, new() { CheckpointFile = file })
            );
        }

        using var resumed = Network();
        Trainer.Train(resumed, Data(), Recipe, Run(), new() { CheckpointFile = file });

        Assert.Equal(Bits(whole), Bits(resumed));
    }

    [Fact]
    public void Train_WithTheWholeRecipe_LearnsAndLeavesNoTensorBehind()
    {
        using var model = Network();
        Trainer.Train(model, Data(), Recipe with { Epochs = 1 }, Run());
        var before = LiveTensors.Count();
        var losses = Trainer.Train(model, Data(), Recipe with { Epochs = 8 }, Run());

        Assert.Equal(before, Tensor.TotalCount);
        Assert.True(losses[^1] < losses[0], $"The loss went from {losses[0]} to {losses[^1]}.");
        Assert.True(Inference.Accuracy(model, Data(), Run()) > 0.9);
    }

    private static void Step(Optimizer optimizer, Func<Tensor> loss, double rate = 0.1)
    {
        using var scope = NewDisposeScope();
        optimizer.ClearGradients();
        loss().backward();
        optimizer.Step(rate);
    }

    private static void Fill(Tensor values, float value)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        values.fill_(value);
    }

    private static Classifier Network(int channels = 3)
    {
        random.manual_seed(5);
        return new Airbench { WidthDivisor = 8 }.Build(Shape(channels));
    }

    private static ClassifierShape Shape(int channels) =>
        new(channels, 12, 12, 2, new([.. Enumerable.Repeat(0.5f, channels)], [.. Enumerable.Repeat(0.25f, channels)]));

    private static ImageSet Data(int channels = 3) => ToyTraining.Data(side: 12, channels);
}
