using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Models;

[Collection("torch")]
public sealed class LayerTests
{
    [Fact]
    public void BatchNorm_InTraining_NormalisesTheBatchAndMovesItsStatisticsByATenth()
    {
        using var scope = NewDisposeScope();
        using var layer = new BatchNorm2d(1);
        var output = layer.call(tensor(new float[] { 1, 3 }, [2, 1, 1, 1]));
        // Batch mean 2, biased variance 1; running mean 0.9*0 + 0.1*2, running variance 0.9*1 + 0.1*2 (unbiased).
        Assert.Equal(-1, output[0].item<float>(), 4);
        Assert.Equal(1, output[1].item<float>(), 4);
        Assert.Equal(0.2, layer.running_mean.item<float>(), 6);
        Assert.Equal(1.1, layer.running_var.item<float>(), 6);
    }

    [Fact]
    public void BatchNorm_InEvaluation_UsesItsStatisticsAndKeepsThem()
    {
        using var scope = NewDisposeScope();
        using var layer = new BatchNorm2d(1);
        layer.running_mean.fill_(3);
        layer.running_var.fill_(4);
        layer.eval();
        Assert.Equal(1, layer.call(tensor(new float[] { 5 }, [1, 1, 1, 1])).item<float>(), 4);
        Assert.Equal(3, layer.running_mean.item<float>());
    }

    [Fact]
    public void PixelNormalization_OfOnePixel_SubtractsMeanAndDividesByDeviation()
    {
        using var scope = NewDisposeScope();
        using var layer = new PixelNormalization(
            new ClassifierShape(3, 1, 1, 2, new([0.1f, 0.2f, 0.3f], [0.5f, 0.25f, 0.1f]))
        );
        var output = layer.call(tensor(new float[] { 0.6f, 0.2f, 0.2f }, [1, 3, 1, 1])).reshape(3);
        Assert.Equal(1, output[0].item<float>(), 5);
        Assert.Equal(0, output[1].item<float>(), 5);
        Assert.Equal(-1, output[2].item<float>(), 5);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(1)]
    public void PixelNormalization_OfChannelsLastImages_HasTheBitsAndTheGradientOfTheBroadcast(int channels)
    {
        using var scope = NewDisposeScope();
        float[] mean = [0.41f, 0.37f, 0.33f],
            deviation = [0.23f, 0.21f, 0.19f];
        using var layer = new PixelNormalization(
            new ClassifierShape(channels, 5, 4, 2, new(mean[..channels], deviation[..channels]))
        );
        var images = ChannelsLast.Of(rand(6, channels, 5, 4)).requires_grad_(true);
        var plain = images.detach().contiguous().requires_grad_(true);
        var (output, expected) = (layer.call(images), (plain - layer.mean) / layer.std);
        var weights = rand(6, channels, 5, 4);
        (output * weights).sum().backward();
        (expected * weights).sum().backward();

        Assert.True(output.eq(expected).all().item<bool>());
        Assert.True(images.grad!.allclose(plain.grad!));
        Assert.True(output.permute(0, 2, 3, 1).is_contiguous());
    }

    [Fact]
    public void Convolution_Fresh_HasHeDeviationOverItsOutputs()
    {
        random.manual_seed(1);
        using var layer = new Convolution(16, 64, 3);
        Assert.Equal(Math.Sqrt(2.0 / (64 * 9)), layer.weight.std().item<float>(), 3);
        Assert.Equal(new long[] { 64, 16, 3, 3 }, layer.weight.shape);
    }

    // Shapes at which the library's own kernels were seen to be wrong, and neighbours: channels, outputs, side, kernel,
    // stride.
    [Theory]
    [InlineData(ScalarType.Float32, 256, 512, 8, 1, 2)]
    [InlineData(ScalarType.Float32, 256, 512, 7, 1, 2)]
    [InlineData(ScalarType.Float32, 256, 512, 4, 1, 1)]
    [InlineData(ScalarType.Float32, 128, 256, 16, 1, 2)]
    [InlineData(ScalarType.Float32, 8, 16, 16, 1, 2)]
    [InlineData(ScalarType.Float32, 1, 16, 16, 1, 3)]
    [InlineData(ScalarType.BFloat16, 256, 512, 8, 1, 2)]
    [InlineData(ScalarType.BFloat16, 1, 16, 28, 3, 1)]
    [InlineData(ScalarType.BFloat16, 1, 64, 28, 3, 1)]
    [InlineData(ScalarType.BFloat16, 3, 64, 32, 3, 1)]
    public void Convolution_OutputAndGradients_AgreeWithDoubleArithmetic(
        ScalarType type,
        int inputs,
        int outputs,
        int side,
        int kernel,
        int stride
    )
    {
        using var scope = NewDisposeScope();
        random.manual_seed(1);
        using var layer = new Convolution(inputs, outputs, kernel, stride);
        layer.to(type);
        var images = ChannelsLast.Of(randn(5, inputs, side, side).to(type)).requires_grad_();
        var exactImages = images.detach().to(ScalarType.Float64).requires_grad_();
        var exactWeight = layer.weight.detach().to(ScalarType.Float64).requires_grad_();
        var output = layer.call(images);
        var exact = nn.functional.conv2d(
            exactImages,
            exactWeight,
            strides: [stride, stride],
            padding: [kernel / 2, kernel / 2]
        );
        var gradient = ChannelsLast.Of(randn(exact.shape).to(type));
        output.backward(grad_tensors: [gradient]);
        exact.backward(grad_tensors: [gradient.to(ScalarType.Float64)]);
        var tolerance = type == ScalarType.Float32 ? 1e-4 : 0.02;
        Assert.InRange(Relative(output, exact), 0, tolerance);
        Assert.InRange(Relative(images.grad!, exactImages.grad!), 0, tolerance);
        Assert.InRange(Relative(layer.weight.grad!, exactWeight.grad!), 0, tolerance);
        Assert.Equal(1, output.stride(1));
    }

    private static double Relative(Tensor found, Tensor exact) =>
        SmallModels.LargestDifference(found, exact) / exact.abs().max().item<double>();
}
