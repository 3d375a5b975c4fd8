using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Models;

[Collection("torch")]
public sealed class FoldedArithmeticTests
{
    [Theory]
    [InlineData("res-net8", 5e-3)]
    [InlineData("pre-act-res-net18", 5e-3)]
    [InlineData("small-conv-net", 5e-3)]
    [InlineData("vgg19", 5e-3)]
    [InlineData("dense-net121", 2e-2)]
    [InlineData("small-vit", 5e-3)]
    public void Logits_OfASettledNetwork_HaveTheSameValuesAndInputGradients(string network, double gradientsApart)
    {
        using var scope = NewDisposeScope();
        using var trained = SmallModels.Settled(network, SmallModels.Shape());
        using var arithmetic = new FoldedArithmetic();
        var (plain, plainGradient) = Pass(trained, FloatArithmetic.Instance);
        var (folded, foldedGradient) = Pass(trained, arithmetic);

        Assert.True(Apart(plain, folded) < 1e-4, $"logits {Apart(plain, folded)}");
        // Rounding turns a few ReLUs and maxima that lie on their edge, which the outputs do not feel but gradients do:
        // the more the deeper the network.
        Assert.True(
            Apart(plainGradient, foldedGradient) < gradientsApart,
            $"gradients {Apart(plainGradient, foldedGradient)}"
        );
    }

    private static (Tensor Logits, Tensor Gradient) Pass(Classifier network, INetworkArithmetic arithmetic)
    {
        var images = SmallModels.Images(network.Shape, 4).requires_grad_();
        var logits = network.Logits(arithmetic, images);
        logits.select(1, 0).sum().backward();
        return (logits.detach(), images.grad!);
    }

    private static float Apart(Tensor expected, Tensor actual) =>
        ((expected - actual).norm() / expected.norm()).item<float>();
}
