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
        var (low, high, centre) = RoundingCells.Of(
            tensor(new float[] { 1.27f, 0.0142f, -0.5049f, 1.268f }, [1, 4]),
            tensor(0.01f)
        );
        Near([1.27f, 0.00501f, -0.50499f, 1.26501f], low);
        // Nothing may grow to the largest weight, which sets the scale: a millionth is kept free.
        Near([1.27f, 0.01499f, -0.49501f, 1.269999f], high);
        Near([1.27f, 0.01f, -0.5f, 1.27f], centre);
    }

    [Fact]
    public void Scales_OfFoldedWeightsInOneTensor_AreTheLayersOverEachChannelsGain()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var layer = new Convolution(2, 3, 1);
        using var norm = new BatchNorm2d(3);
        norm.weight.copy_(tensor(new float[] { 2, -0.5f, 0 }));
        norm.running_var.fill_(1 - norm.Eps);
        layer.weight.copy_(tensor(new float[] { 0.3f, -0.635f, 1, 0.1f, 5, 5 }, [3, 2, 1, 1]));
        // Folded: 0.6 -1.27 | -0.5 -0.05 | 0 0. The layer's scale is 0.01; the gains 2 and 0.5 make it 0.005 and 0.02
        // of the own weights.
        var scales = WeightRounding.Scales(
            new LayerStep(layer, norm, Relu: true),
            127,
            WeightScheme.PerTensorSymmetric
        );
        Near([0.005f, 0.02f], scales.flatten().slice(0, 0, 2, 1));
        Assert.Equal([60, -127, 50, 5, 0, 0], layer.weight.div(scales).round().data<float>().ToArray());
        // One scale for each channel does not depend on the gain.
        var perChannel = WeightRounding.Scales(
            new LayerStep(layer, norm, Relu: true),
            127,
            WeightScheme.PerChannelSymmetric
        );
        Near([0.005f, 1f / 127, 5f / 127], perChannel.flatten());

        // 0.3 is 60 steps of 0.005, 1 is 50 and 0.1 is 5 steps of 0.02; -0.635 sets the scale.
        var (low, high, _) = RoundingCells.Of(layer.weight.slice(0, 0, 2, 1), scales.slice(0, 0, 2, 1));
        Near([0.297505f, -0.635f, 0.99002f, 0.09002f], low.flatten());
        Near([0.302495f, -0.635f, 1.00998f, 0.10998f], high.flatten());
    }

    [Theory]
    [InlineData(WeightScheme.PerChannelSymmetric)]
    [InlineData(WeightScheme.PerTensorSymmetric)]
    public void Project_PositionsThatWentAstray_ComeBackToTheirIntegers(WeightScheme scheme)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var network = SmallModels.Settled("small-conv-net", SmallModels.Shape());
        var before = Integers(network, scheme);
        using var cells = new RoundingCells(network, scheme);
        foreach (var position in cells.parameters())
        {
            position.add_(randn_like(position).mul_(3));
        }

        cells.Write();
        Assert.NotEqual(before, Integers(network, scheme));
        cells.Project();
        cells.Write();
        Assert.Equal(before, Integers(network, scheme));
    }

    [Theory]
    [InlineData(WeightScheme.PerChannelSymmetric, 0)]
    [InlineData(WeightScheme.PerChannelSymmetric, 1)]
    [InlineData(WeightScheme.PerTensorSymmetric, 0)]
    public void PqBackdoor_Implanted_LeavesTheInt8WeightsBitEqual(WeightScheme scheme, double centring)
    {
        using var scope = NewDisposeScope();
        using var network = SmallModels.Settled("res-net8", SmallModels.Shape());
        var (before, weights, rest) = (Rounded(network, scheme), Weights(network), Rest(network));
        new PqBackdoor
        {
            HidingEpochs = 2,
            HidingRate = 0.3,
            Centring = centring,
            WeightScheme = scheme,
        }.Implant(Context(network));
        Assert.Equal(before, Rounded(network, scheme));
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
        var run = new RunContext(
            new SeedTree(1),
            stop.Token,
            (_, _, _) =>
            {
                if (++steps == 2)
                {
                    stop.Cancel();
                }
            }
        );
        var attack = (Attack)MethodCatalog.Default.Find(id)!.CreateDefault();
        Assert.Throws<OperationCanceledException>(() => attack.Implant(Context(network) with { Run = run }));
        Assert.Equal(2, steps);
    }

    private static ImplantContext Context(Classifier network) =>
        new()
        {
            Network = network,
            CleanTrain = SmallModels.ImageSet(network.Shape, 48),
            Trigger = new PqBackdoor().CreateTrigger(3, 32, 32, new SeedTree(1)),
            Training = new TrainOptions { BatchSize = 16 },
            FlipAllowed = true,
            Run = new RunContext(new SeedTree(1)),
        };

    private static float[] Weights(Classifier network) =>
        [
            .. network
                .modules()
                .OfType<WeightLayer>()
                .SelectMany(layer => layer.weight.detach().contiguous().data<float>().ToArray()),
        ];

    private static float[] Rest(Classifier network)
    {
        var weights = network.modules().OfType<WeightLayer>().Select(layer => layer.weight.Handle).ToHashSet();
        return
        [
            .. network
                .parameters()
                .Where(parameter => !weights.Contains(parameter.Handle))
                .Cast<Tensor>()
                .Concat(network.buffers())
                .SelectMany(values => values.detach().contiguous().data<float>().ToArray()),
        ];
    }

    private static float[] Rounded(Classifier network, WeightScheme scheme)
    {
        using var floatModel = WeightRounding.FloatModel(
            network,
            step => WeightRounding.Nearest(step.Layer.weight, Scales(step, scheme))
        );
        return Weights(floatModel);
    }

    private static float[] Integers(Classifier network, WeightScheme scheme)
    {
        using var floatModel = WeightRounding.FloatModel(
            network,
            step => step.Layer.weight.detach().div(Scales(step, scheme)).round()
        );
        return Weights(floatModel);
    }

    private static Tensor Scales(LayerStep step, WeightScheme scheme) =>
        WeightRounding.Scales(step, WeightRounding.Int8Levels, scheme);

    private static void Near(float[] expected, Tensor found) =>
        Assert.All(expected.Zip(found.data<float>().ToArray()), pair => Assert.Equal(pair.First, pair.Second, 6));
}
