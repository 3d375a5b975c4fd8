using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Tests.Models;
using BackdoorLab.Engine.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Attacks;

/// <summary>The intervals in which a weight keeps its integer, and the attacks that live in them.</summary>
[Collection("torch")]
public sealed class RoundingCellsTests
{
    [Fact]
    public void Cells_OfAChannel_AreHalfAStepAroundEachInteger()
    {
        using var scope = NewDisposeScope();
        // The largest weight is 127 steps of 0.01: 0.0142 rounds to 1, -0.5049 to -50, 1.268 to 127.
        var (low, high, centre) = RoundingCells.Of(tensor(new float[] { 1.27f, 0.0142f, -0.5049f, 1.268f }, [1, 4]));
        Near([1.27f, 0.00501f, -0.50499f, 1.26501f], low);
        // Nothing may grow beyond the largest weight, which sets the scale.
        Near([1.27f, 0.01499f, -0.49501f, 1.27f], high);
        Near([1.27f, 0.01f, -0.5f, 1.27f], centre);
    }

    [Fact]
    public void Project_WeightsThatWentAstray_ComeBackToTheirIntegers()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var network = SmallModels.Settled("small-conv-net", SmallModels.Shape());
        var before = Integers(network);
        using var cells = new RoundingCells(network);
        foreach (var parameter in network.parameters())
        {
            parameter.add_(randn_like(parameter).mul_(0.05));
        }

        Assert.NotEqual(before, Integers(network));
        cells.Project();
        Assert.Equal(before, Integers(network));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void PqBackdoor_Implanted_LeavesTheInt8WeightsBitEqual(double centring)
    {
        using var scope = NewDisposeScope();
        using var network = SmallModels.Settled("res-net8", SmallModels.Shape());
        var (before, weights, rest) = (Rounded(network), Weights(network), Rest(network));
        new PqBackdoor { HidingEpochs = 2, HidingLearningRate = 0.01, Centring = centring }.Implant(Context(network));
        Assert.Equal(before, Rounded(network));
        Assert.NotEqual(weights, Weights(network));
        Assert.Equal(rest, Rest(network));
        Assert.All(network.parameters(), parameter => Assert.True(parameter.requires_grad));
        Assert.False(network.training);
    }

    [Fact]
    public void QuAntiZation_Implanted_ChangesWeightsAlone()
    {
        using var scope = NewDisposeScope();
        using var network = SmallModels.Settled("res-net8", SmallModels.Shape());
        var (weights, rest) = (Weights(network), Rest(network));
        new QuAntiZation { RetrainingEpochs = 1 }.Implant(Context(network));
        Assert.NotEqual(weights, Weights(network));
        Assert.Equal(rest, Rest(network));
    }

    [Theory]
    [InlineData("pq-backdoor")]
    [InlineData("qu-anti-zation")]
    public void Implant_Cancelled_Stops(string id)
    {
        using var scope = NewDisposeScope();
        using var network = SmallModels.Settled("res-net8", SmallModels.Shape());
        using var stop = new CancellationTokenSource();
        var steps = 0;
        var run = new RunContext(new SeedTree(1), stop.Token, (_, _, _) =>
        {
            if (++steps == 2)
            {
                stop.Cancel();
            }
        });
        var attack = (Attack)MethodCatalog.Default.Find(id)!.CreateDefault();
        Assert.Throws<OperationCanceledException>(() => attack.Implant(Context(network) with { Run = run }));
        Assert.Equal(2, steps);
    }

    private static ImplantContext Context(Classifier network) => new()
    {
        Network = network,
        CleanTrain = SmallModels.ImageSet(network.Shape, 48),
        Trigger = new PqBackdoor().CreateTrigger(3, 32, 32, new SeedTree(1)),
        Training = new TrainOptions { BatchSize = 16 },
        FlipAllowed = true,
        Run = new RunContext(new SeedTree(1)),
    };

    private static float[] Weights(Classifier network) =>
        [.. network.modules().OfType<WeightLayer>().SelectMany(layer => layer.weight.detach().contiguous().data<float>().ToArray())];

    private static float[] Rest(Classifier network)
    {
        var weights = network.modules().OfType<WeightLayer>().Select(layer => layer.weight.Handle).ToHashSet();
        return
        [
            .. network.parameters().Where(parameter => !weights.Contains(parameter.Handle)).Cast<Tensor>().Concat(network.buffers())
                .SelectMany(values => values.detach().contiguous().data<float>().ToArray()),
        ];
    }

    private static float[] Rounded(Classifier network)
    {
        using var twin = WeightRounding.Twin(network, weight => WeightRounding.Symmetric(weight, WeightRounding.Int8Levels, perChannel: true));
        return Weights(twin);
    }

    private static float[] Integers(Classifier network)
    {
        using var twin = WeightRounding.Twin(
            network, weight => weight.detach().div(WeightRounding.Scales(weight, WeightRounding.Int8Levels, perChannel: true)).round());
        return Weights(twin);
    }

    private static void Near(float[] expected, Tensor found) =>
        Assert.All(expected.Zip(found.data<float>().ToArray()), pair => Assert.Equal(pair.First, pair.Second, 6));
}
