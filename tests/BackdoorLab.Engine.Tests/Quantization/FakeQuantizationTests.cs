using BackdoorLab.Engine.Quantization;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Quantization;

[Collection("torch")]
public sealed class FakeQuantizationTests
{
    [Fact]
    public void OfActivations_RoundsAsDeployedAndPassesGradientsInsideTheRangeOnly()
    {
        using var scope = NewDisposeScope();
        // Steps of 0.2 from -1 to 2, ends included: 0.33 is 1.65 steps; 2.05 and -1.5 are clipped.
        var range = ActivationRange.Of(-1, 2, 15);
        var values = tensor(new float[] { 0, 0.33f, 2, 2.05f, -1, -1.5f }).requires_grad_();
        var rounded = FakeQuantization.OfActivations(values, range);
        rounded.mul(tensor(new float[] { 1, 2, 3, 4, 5, 6 })).sum().backward();
        Near([0, 0.4f, 2, 2, -1, -1], rounded);
        Near([1, 2, 3, 0, 5, 0], values.grad!);
        using var noGrad = no_grad();
        Assert.Equal(range.Round(values.clone()).data<float>().ToArray(), rounded.detach().data<float>().ToArray());
        Near([0, 0.33f, 2, 2.05f, -1, -1.5f], values);
    }

    [Fact]
    public void OfWeights_RoundsToTheNearestMultipleAndPassesEveryGradient()
    {
        using var scope = NewDisposeScope();
        // Scales 0.1 and 1: 0.26 is 2.6 steps, -2.4 is -2.4.
        var weights = tensor(new float[] { 0.7f, 0.26f, 7, -2.4f }, [2, 2]).requires_grad_();
        var scales = WeightRounding.Scales(weights, 7, perChannel: true);
        var rounded = FakeQuantization.OfWeights(weights, scales);
        rounded.mul(tensor(new float[] { 1, 2, 3, 4 }, [2, 2])).sum().backward();
        Near([0.7f, 0.3f, 7, -2], rounded);
        Near([1, 2, 3, 4], weights.grad!);
        Assert.Equal(
            WeightRounding.Nearest(weights, scales).data<float>().ToArray(),
            rounded.detach().data<float>().ToArray()
        );
    }

    private static void Near(float[] expected, Tensor found) =>
        Assert.All(
            expected.Zip(found.detach().data<float>().ToArray()),
            pair => Assert.Equal(pair.First, pair.Second, 5)
        );
}
