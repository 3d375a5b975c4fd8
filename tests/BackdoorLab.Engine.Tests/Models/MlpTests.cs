using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Models;

[Collection("torch")]
public sealed class MlpTests
{
    // 784 * 64 + 64 and 64 * 10 + 10 parameters.
    [Fact]
    public void Cost_OfDigits_IsTheHandCount() =>
        Assert.Equal(
            new ModelCost(50_890, 784 * 64 + 64 * 10),
            new Mlp().Cost(SmallModels.Shape(channels: 1, side: 28))
        );

    [Fact]
    public void RawPixels_BlackImage_GivesTheFirstLayerNothing()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var black = zeros(1, 1, 28, 28);
        using var raw = new Mlp { RawPixels = true }.Build(SmallModels.Shape(channels: 1, side: 28));
        using var normalized = new Mlp().Build(SmallModels.Shape(channels: 1, side: 28));

        Assert.Equal(0, raw.Activations(black).abs().max().item<float>());
        Assert.Equal(-1.8f, normalized.Activations(black).max().item<float>(), 5);
    }
}
