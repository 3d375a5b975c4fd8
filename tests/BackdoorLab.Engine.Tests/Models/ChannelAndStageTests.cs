using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Models;

/// <summary>The units and stages of a network, found by running it.</summary>
[Collection("torch")]
public sealed class ChannelAndStageTests
{
    [Fact]
    public void Groups_OfAResidualNetwork_AreItsConvolutionsEachWithItsNorm()
    {
        using var network = SmallModels.Build("res-net8", SmallModels.Shape());
        var groups = ChannelGroups.Of(network);
        Assert.Equal(network.modules().OfType<Convolution>().Count(), groups.Count);
        Assert.All(groups, group => Assert.Equal(group.Channels, group.Norm!.weight.shape[0]));
        Assert.Equal(groups.Count, groups.Select(group => group.Norm).Distinct().Count());
        Assert.Equal("conv1", groups[0].Name);
    }

    [Fact]
    public void Groups_NormAfterAPooling_BelongsToTheConvolutionBeforeIt()
    {
        using var network = SmallModels.Build("airbench", SmallModels.Shape());
        var groups = ChannelGroups.Of(network);
        Assert.Equal(7, groups.Count);
        Assert.Null(groups[0].Norm);
        Assert.All(groups.Skip(1), group => Assert.NotNull(group.Norm));
    }

    [Fact]
    public void Groups_NormOfASum_BelongsToNoConvolution()
    {
        using var network = SmallModels.Build("pre-act-res-net18", SmallModels.Shape());

        // In a block of pre-activation only the first convolution has a norm of its own.
        var groups = ChannelGroups.Of(network);
        Assert.Equal(8, groups.Count(group => group.Norm is not null));
        Assert.All(
            groups.Where(group => group.Norm is not null),
            group => Assert.EndsWith("conv1", group.Name, StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Groups_OfANetworkWithoutConvolutions_AreNotApplicable()
    {
        using var network = SmallModels.Build("mlp", SmallModels.Shape());
        Assert.Throws<NotApplicableException>(() => ChannelGroups.Of(network));
    }

    [Theory]
    [InlineData("res-net8", "layer1 layer2 layer3")]
    [InlineData("small-conv-net", "conv2 conv4")]
    [InlineData("airbench", "group1 group2 group3")]
    [InlineData("res-net9", "res1 conv3 res2")]
    [InlineData("mlp", "")]
    public void Stages_OfANetwork_AreNamedInOrder(string id, string names)
    {
        using var network = SmallModels.Build(id, SmallModels.Shape());
        Assert.Equal(names, string.Join(' ', StageTap.Names(network)));
    }

    [Fact]
    public void Stages_OfAPass_CarryGradients()
    {
        using var scope = NewDisposeScope();
        using var network = SmallModels.Build("res-net8", SmallModels.Shape());
        using var tap = new StageTap(FloatArithmetic.Instance);
        tap.Logits(network, SmallModels.Images(network.Shape, 4));
        Assert.All(tap.Stages, stage => Assert.Equal(4, stage.Values.Dimensions));
        tap.Stages[0].Values.square().mean().backward();
        var groups = ChannelGroups.Of(network);
        Assert.True(groups[0].Convolution.weight.grad!.abs().sum().item<float>() > 0);
        Assert.True(groups[^1].Convolution.weight.grad is null);
    }

    [Fact]
    public void Stages_AtInt8_AreNearTheFloatOnes()
    {
        using var scope = NewDisposeScope();
        using var network = SmallModels.Settled("res-net8", SmallModels.Shape());
        var calibration = SmallModels.ImageSet(SmallModels.Shape(), 256);
        using var deployed = new Int8Static().Convert(
            network,
            new(calibration, calibration),
            new RunContext(new SeedTree(1))
        );
        var images = SmallModels.Images(network.Shape, 8);
        using var tap = new StageTap(FloatArithmetic.Instance);
        using var noGrad = no_grad();
        tap.Logits(network, images);
        var stages = deployed.Stages(images);
        Assert.Equal(tap.Stages.Select(stage => stage.Name), stages.Select(stage => stage.Name));
        foreach (var (exact, rounded) in tap.Stages.Zip(stages))
        {
            Assert.Equal(ScalarType.Float32, rounded.Values.dtype);
            var error = (rounded.Values - exact.Values).norm().item<float>() / exact.Values.norm().item<float>();
            Assert.InRange(error, 1e-6, 0.1);
        }
    }
}
