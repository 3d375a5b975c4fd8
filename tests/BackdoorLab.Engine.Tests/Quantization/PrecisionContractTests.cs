using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Quantization;

/// <summary>What every discovered precision must keep on every small architecture.</summary>
[Collection("torch")]
[Trait("Category", "Slow")]
public sealed class PrecisionContractTests
{
    // Enough that the ranges of a hidden layer's few values hold for other images too.
    private const int CalibrationImages = 256;

    private static readonly string[] Networks = ["small-conv-net", "res-net8", "res-net10-narrow"];

    public static TheoryData<string, string> Pairs => With([.. Networks, "mlp"]);

    public static TheoryData<string, string> PairsWithChannels => With(Networks);

    private static TheoryData<string, string> With(string[] networks)
    {
        var pairs = new TheoryData<string, string>();
        foreach (var method in MethodCatalog.Default.Of<Precision>())
        {
            foreach (var network in networks)
            {
                pairs.Add(method.Id, network);
            }
        }

        return pairs;
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Logits_OfASettledNet_AreFiniteFloatAndMostlyAgree(string precision, string network)
    {
        using var scope = NewDisposeScope();
        using var trained = SmallModels.Settled(network, SmallModels.Shape());
        using var deployed = Convert(precision, trained);
        var images = SmallModels.Images(trained.Shape, 64);
        var logits = deployed.Logits(images);
        Assert.Equal(new long[] { 64, 10 }, logits.shape);
        Assert.Equal(ScalarType.Float32, logits.dtype);
        Assert.False(logits.requires_grad);
        Assert.True(logits.isfinite().all().item<bool>());
        var features = deployed.Features(images);
        Assert.Equal(new long[] { 64, trained.FeatureCount }, features.shape);
        Assert.Equal(ScalarType.Float32, features.dtype);
        using var noGrad = no_grad();
        var exact = trained.call(images);
        var error = (logits - exact).norm().item<float>() / exact.norm().item<float>();
        Assert.InRange(error, 0, IsCoarse(precision) ? 0.5 : 0.05);
        var agreement = logits.argmax(1).eq(exact.argmax(1)).to(ScalarType.Float32).mean().item<float>();
        Assert.InRange(agreement, IsCoarse(precision) ? 0.5 : 0.9, 1);
    }

    [Fact]
    public void Int8Dynamic_OfALinearLayerWithoutBias_IsNearTheFloatModel()
    {
        using var scope = NewDisposeScope();
        using var trained = SmallModels.Settled("airbench", SmallModels.Shape());
        using var deployed = Convert("int8-dynamic", trained);
        using var noGrad = no_grad();
        var images = SmallModels.Images(trained.Shape, 16);
        var exact = trained.call(images);
        var error = (deployed.Logits(images) - exact).norm().item<float>() / exact.norm().item<float>();
        // An untrained network's logits hardly differ from image to image: the rounding weighs more than usual.
        Assert.InRange(error, 1e-6, 0.2);
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Twin_IsAFloatNetworkInEvaluationWhoseInputGradientIsThere(string precision, string network)
    {
        using var scope = NewDisposeScope();
        using var trained = SmallModels.Settled(network, SmallModels.Shape());
        using var deployed = Convert(precision, trained);
        Assert.False(deployed.FloatModel.training);
        Assert.All(deployed.FloatModel.parameters(), parameter => Assert.Equal(ScalarType.Float32, parameter.dtype));
        var images = SmallModels.Images(trained.Shape, 4).requires_grad_();
        var logits = deployed.FloatModel.call(images);
        logits.sum().backward();
        if (deployed.Gradients != GradientAccess.None)
        {
            Assert.True(images.grad!.abs().sum().item<float>() > 0);
        }

        // The float model stands for the deployed arithmetic: it must be nearer to it than quantization moved it,
        // within rounding. Kernels with 7-bit activations, as on processors without VNNI, have steps twice as wide.
        var deployedLogits = deployed.Logits(images);
        Assert.InRange(
            (logits.detach() - deployedLogits).norm().item<float>() / deployedLogits.norm().item<float>(),
            0,
            IsCoarse(precision) ? 0.25 : 0.03 * byte.MaxValue / Int8Static.Levels
        );
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Convert_LeavesTheTrainedNetworkAndDisposesEverything(string precision, string network)
    {
        using var scope = NewDisposeScope();
        using var trained = SmallModels.Settled(network, SmallModels.Shape());
        using var noGrad = no_grad();
        var images = SmallModels.Images(trained.Shape, 4);
        using var before = trained.call(images);
        Convert(precision, trained).Dispose();
        var live = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (NewDisposeScope())
        {
            using var deployed = Convert(precision, trained);
            deployed.Logits(images);
            deployed.Features(images);
        }

        Assert.Equal(live, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.Equal(0, SmallModels.LargestDifference(before, trained.call(images)));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Realisation_HasSharesAndWords(string precision, string network)
    {
        using var trained = SmallModels.Build(network, SmallModels.Shape());
        using var deployed = Convert(precision, trained);
        Assert.Contains(deployed.Realisation.Kind, new[] { "float", "integer kernels", "weight-only", "simulated" });
        Assert.EndsWith(".", deployed.Realisation.Description, StringComparison.Ordinal);
        Assert.InRange(deployed.Realisation.ParameterShare, 0, 1);
        Assert.InRange(deployed.Realisation.MultiplyAddShare, 0, 1);
    }

    [Theory]
    [MemberData(nameof(PairsWithChannels))]
    public void Convert_OfAPrunedNetwork_KeepsChannelsPruned(string precision, string network)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var trained = SmallModels.Settled(network, SmallModels.Shape());
        trained.PruneChannels(new bool[trained.LastConvChannels]);
        using var deployed = Convert(precision, trained);
        var logits = deployed.Logits(SmallModels.Images(trained.Shape, 3));
        // Without any channel, every image looks the same.
        Assert.InRange(SmallModels.LargestDifference(logits[0], logits[2]), 0, 1e-6);
    }

    private static bool IsCoarse(string precision) => precision.Contains('4');

    private static DeployedClassifier Convert(string precision, Classifier trained) =>
        ((Precision)MethodCatalog.Default.Find(precision)!.CreateDefault()).Convert(
            trained,
            SmallModels.ImageSet(trained.Shape, CalibrationImages),
            new RunContext(new SeedTree(1))
        );
}
