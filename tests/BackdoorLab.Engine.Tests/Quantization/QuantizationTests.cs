using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Quantization;

[Collection("torch")]
public sealed class QuantizationTests
{
    [Fact]
    public void Symmetric_PerChannel_RoundsEachRowByItsOwnScale()
    {
        using var scope = NewDisposeScope();
        // Scales 0.1 and 1: 0.26 is 2.6 steps, -0.14 is -1.4, 0.65 lies between 6 and 7 (6.5 in floats goes to even or
        // up).
        var weight = tensor(new float[] { 0.7f, 0.26f, -0.14f, 7f, -2.4f, 0.4f }, [2, 3]);
        var rounded = WeightRounding.Symmetric(weight, 7, perChannel: true).data<float>().ToArray();
        float[] expected = [0.7f, 0.3f, -0.1f, 7f, -2f, 0f];
        Assert.All(rounded.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 5));
    }

    [Fact]
    public void Symmetric_PerTensor_SharesOneScaleAndLosesTheSmallRow()
    {
        using var scope = NewDisposeScope();
        var weight = tensor(new float[] { 0.4f, 0.26f, -0.14f, 7f, -2.4f, 0.4f }, [2, 3]);
        var rounded = WeightRounding.Symmetric(weight, 7, perChannel: false).data<float>().ToArray();
        Assert.Equal([0f, 0f, 0f, 7f, -2f, 0f], rounded.Select(value => value + 0f));
    }

    [Fact]
    public void ScalesByGroup_OfARowThatDoesNotDivide_ScalesEachGroupByItself()
    {
        using var scope = NewDisposeScope();
        // Groups of two: (0.7, 0.26) with scale 0.1, (7, -2.4) with 1, and 3.5 alone with 0.5.
        var weight = tensor(new float[] { 0.7f, 0.26f, 7f, -2.4f, 3.5f, 0, 0, 0, 0, 0 }, [2, 5]);
        var rounded = WeightRounding.Nearest(weight, WeightRounding.ScalesByGroup(weight, 7, 2));
        Assert.Equal(new long[] { 2, 5 }, rounded.shape);
        float[] expected = [0.7f, 0.3f, 7f, -2f, 3.5f, 0, 0, 0, 0, 0];
        Assert.All(rounded.data<float>().ToArray().Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 5));
    }

    [Fact]
    public void MinMax_OfAPositiveTensor_LosesZeroAndKeepsItsEnds()
    {
        using var scope = NewDisposeScope();
        // From 1 to 4 in fifteen steps of 0.2: 1.33 is 1.65 steps from the minimum.
        var rounded = Int4MinMax.Round(tensor(new float[] { 1, 1.33f, 4 })).data<float>().ToArray();
        float[] expected = [1, 1.4f, 4];
        Assert.All(rounded.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 5));
        Assert.Equal(2, Int4MinMax.Round(full(3, 2f))[0].item<float>());
    }

    [Fact]
    public void Int4MinMax_OfANetwork_RoundsNormalisationScalesToo()
    {
        using var scope = NewDisposeScope();
        using var trained = SmallModels.Settled("res-net8", SmallModels.Shape());
        using var noGrad = no_grad();
        foreach (var norm in trained.modules().OfType<BatchNorm2d>())
        {
            norm.weight.copy_(linspace(0.1, 1.7, norm.weight.numel()).pow(2));
        }

        using var deployed = new Int4MinMax().Convert(trained, SmallModels.ImageSet(trained.Shape, 2), Run);
        Assert.All(
            deployed.FloatModel.modules().OfType<BatchNorm2d>(),
            norm => Assert.InRange(norm.weight.detach().data<float>().ToArray().Distinct().Count(), 2, 16)
        );
        Assert.True(deployed.Realisation.ParameterShare > 0.98);
    }

    [Fact]
    public void Symmetric_RowOfZeros_StaysZero()
    {
        using var scope = NewDisposeScope();
        var rounded = WeightRounding.Symmetric(zeros(2, 3), 7, perChannel: true);
        Assert.Equal(0, rounded.abs().max().item<float>());
    }

    [Fact]
    public void Symmetric_OfAKernel_KeepsChannelsLast()
    {
        using var scope = NewDisposeScope();
        using var layer = new Convolution(3, 4, 3);
        Assert.Equal(1, WeightRounding.Symmetric(layer.weight, 7, perChannel: true).stride(1));
    }

    [Fact]
    public void Int8Scale_OfWeights_IsTheLargestMagnitudeOver127AndAHalf()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(2.55f / 127.5f, WeightRounding.Int8Scale(tensor(new float[] { 1f, -2.55f })), 7);
        Assert.Equal(1.1920929e-7f, WeightRounding.Int8Scale(zeros(3)));
    }

    [Theory]
    [InlineData(Granularity.PerChannel)]
    [InlineData(Granularity.PerTensor)]
    public void Int4_OfANetwork_HasAtMostFifteenValuesPerScaleAndChangesNothingElse(Granularity granularity)
    {
        using var scope = NewDisposeScope();
        using var trained = SmallModels.Settled("res-net10-narrow", SmallModels.Shape());
        using var deployed = new Int4WeightOnly { Granularity = granularity }.Convert(
            trained,
            SmallModels.ImageSet(trained.Shape, 2),
            Run
        );
        foreach (var layer in deployed.FloatModel.modules().OfType<WeightLayer>())
        {
            var values = layer.weight.detach().reshape(layer.weight.shape[0], -1).data<float>().ToArray();
            var row =
                granularity == Granularity.PerChannel ? values.Length / (int)layer.weight.shape[0] : values.Length;
            Assert.All(
                values.Chunk(row),
                chunk => Assert.InRange(chunk.Select(value => value + 0f).Distinct().Count(), 2, 15)
            );
        }

        var kept = trained
            .state_dict()
            .Where(entry => !entry.Key.EndsWith("weight", StringComparison.Ordinal) || entry.Key.Contains("bn"));
        var state = deployed.FloatModel.state_dict();
        Assert.All(kept, entry => Assert.Equal(0, SmallModels.LargestDifference(entry.Value, state[entry.Key])));
        var weights = trained.modules().OfType<WeightLayer>().Sum(layer => layer.weight.numel());
        Assert.Equal((double)weights / 308_826, deployed.Realisation.ParameterShare, 9);
        Assert.Equal(0, deployed.Realisation.MultiplyAddShare);
    }

    [Fact]
    public void Int8Dynamic_OfAResNet_EqualsTheArithmeticWrittenByHand()
    {
        using var scope = NewDisposeScope();
        using var trained = SmallModels.Settled("res-net8", SmallModels.Shape());
        using var deployed = new Int8Dynamic().Convert(trained, SmallModels.ImageSet(trained.Shape, 2), Run);
        using var noGrad = no_grad();
        var images = SmallModels.Images(trained.Shape, 32);
        var features = trained.Features(images);
        Assert.Equal(0, SmallModels.LargestDifference(features, deployed.Features(images)));
        var head = trained.modules().OfType<FullyConnected>().Single();
        var expected = DynamicLinear(Rows(features), Rows(head.weight), head.bias!.detach().data<float>().ToArray());
        Assert.InRange(Largest(expected, Rows(deployed.Logits(images))), 0, 1e-5);
        // The share is the published one: the head's weights, and nothing else.
        Assert.Equal(640.0 / 78_042, deployed.Realisation.ParameterShare, 9);
        Assert.Equal(640.0 / 12_501_632, deployed.Realisation.MultiplyAddShare, 9);
    }

    [Fact]
    public void LinearDynamic_OfSignedInputs_ShiftsByTheZeroPoint()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(3);
        using var kernels = new QuantizedKernels();
        var (weight, bias, input) = (randn(5, 24), randn(5), randn(7, 24));
        var layer = QuantizedEngine.With(
            QuantizedLibrary.Fbgemm,
            () =>
                kernels.AddLinear(
                    quantize_per_tensor(weight, WeightRounding.Int8Scale(weight), 0, ScalarType.QInt8),
                    bias
                )
        );
        Assert.Equal(0, layer);
        var expected = DynamicLinear(Rows(input), Rows(weight), bias.data<float>().ToArray());
        var found = kernels.LinearDynamic(layer, input);
        Assert.InRange(Largest(expected, Rows(found)), 0, 2e-5);
        // Eight bits of activation would be twice as near to the float product as the seven of the reduced range.
        Assert.InRange(SmallModels.LargestDifference(found, nn.functional.linear(input, weight, bias)), 0.01, 0.3);
    }

    [Fact]
    public void Int8DynamicSimulated_OfARangeSetByOneImage_RoundsTheOthersCoarsely()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var trained = SmallModels.Settled("res-net8", SmallModels.Shape());
        using var deployed = new Int8DynamicSimulated().Convert(trained, SmallModels.ImageSet(trained.Shape, 2), Run);
        var images = SmallModels.Images(trained.Shape, 4);
        var alone = deployed.Logits(images);
        // The range is the batch's: a glaring fifth image makes the steps of the other four larger.
        var beside = deployed.Logits(cat([images, images[0..1] * 40]))[0..4];
        var exact = trained.call(images);
        Assert.InRange(
            SmallModels.LargestDifference(alone, exact),
            1e-6,
            SmallModels.LargestDifference(beside, exact) / 3
        );
        Assert.Equal(0, deployed.Realisation.MultiplyAddShare);
        Assert.True(deployed.Realisation.ParameterShare > 0.98);
    }

    [Fact]
    public void Int8Dynamic_OfTheSmallNet_QuantizesTheHiddenLayerToo()
    {
        using var scope = NewDisposeScope();
        using var trained = SmallModels.Settled("small-conv-net", SmallModels.Shape());
        using var deployed = new Int8Dynamic().Convert(trained, SmallModels.ImageSet(trained.Shape, 2), Run);
        using var noGrad = no_grad();
        var images = SmallModels.Images(trained.Shape, 8);
        Assert.True(SmallModels.LargestDifference(trained.Features(images), deployed.Features(images)) > 0);
        Assert.Equal((524_288.0 + 1_280) / 591_466, deployed.Realisation.ParameterShare, 9);
    }

    [Fact]
    public void Int8Dynamic_Weights_AreMultiplesOfOneScale()
    {
        using var scope = NewDisposeScope();
        using var trained = SmallModels.Settled("res-net8", SmallModels.Shape());
        using var deployed = new Int8Dynamic().Convert(trained, SmallModels.ImageSet(trained.Shape, 2), Run);
        var weight = deployed.FloatModel.modules().OfType<FullyConnected>().Single().weight.detach();
        var steps = weight.div(
            tensor(WeightRounding.Int8Scale(trained.modules().OfType<FullyConnected>().Single().weight))
        );
        Assert.InRange(SmallModels.LargestDifference(steps, steps.round()), 0, 1e-4);
        Assert.Equal(127, steps.abs().max().item<float>(), 0.9f);
    }

    [Fact]
    public void BFloat16_Twin_HoldsTheRoundedWeights()
    {
        using var scope = NewDisposeScope();
        using var trained = SmallModels.Settled("res-net8", SmallModels.Shape());
        using var deployed = new BackdoorLab.Engine.Quantization.BFloat16().Convert(
            trained,
            SmallModels.ImageSet(trained.Shape, 2),
            Run
        );
        foreach (
            var (layer, rounded) in trained
                .modules()
                .OfType<WeightLayer>()
                .Zip(deployed.FloatModel.modules().OfType<WeightLayer>())
        )
        {
            Assert.Equal(0, SmallModels.LargestDifference(layer.weight.to(ScalarType.BFloat16), rounded.weight));
        }

        Assert.Equal(1, deployed.Realisation.MultiplyAddShare);
    }

    [Fact]
    public void Float32_IsTheTrainedNetworkItself()
    {
        using var trained = SmallModels.Settled("res-net8", SmallModels.Shape());
        var deployed = new Float32().Convert(trained, SmallModels.ImageSet(trained.Shape, 2), Run);
        Assert.Same(trained, deployed.FloatModel);
        deployed.Dispose();
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Assert.Equal(10, trained.call(SmallModels.Images(trained.Shape, 1)).shape[1]);
    }

    [Fact]
    public void Engine_AfterPacking_IsTheFormerOne()
    {
        Assert.Equal(
            7,
            QuantizedEngine.With(QuantizedLibrary.Fbgemm, () => QuantizedEngine.With(QuantizedLibrary.OneDnn, () => 7))
        );
    }

    private static RunContext Run => new(new SeedTree(1));

    private static double Largest(double[][] expected, float[][] found) =>
        expected.Zip(found).Max(rows => rows.First.Zip(rows.Second).Max(pair => Math.Abs(pair.First - pair.Second)));

    private static float[][] Rows(Tensor matrix) =>
        [.. matrix.detach().contiguous().data<float>().ToArray().Chunk((int)matrix.shape[1])];

    // PyTorch's quantize_dynamic with FBGEMM: activations 0..127 over the range of the batch with zero inside it,
    // weights int8 by 127.5; values are multiplied by the float reciprocal of the scale and rounded to even.
    private static double[][] DynamicLinear(float[][] input, float[][] weight, float[] bias)
    {
        var low = Math.Min(0, input.Min(row => row.Min()));
        var high = Math.Max(0, input.Max(row => row.Max()));
        var scale = (float)(((double)high - low) / 127);
        var zero = (int)Math.Round(-low / scale);
        var weightScale = weight.Max(row => row.Max(Math.Abs)) / 127.5f;
        var quantizedWeight = weight
            .Select(row => row.Select(value => Step(value, weightScale, -128, 127)).ToArray())
            .ToArray();
        return
        [
            .. input.Select(row =>
            {
                var quantized = row.Select(value => Step(value, scale, -zero, 127 - zero)).ToArray();
                return quantizedWeight
                    .Select(
                        (weights, j) =>
                            (quantized.Zip(weights, (a, b) => (long)a * b).Sum() * (double)scale * weightScale)
                            + bias[j]
                    )
                    .ToArray();
            }),
        ];
    }

    private static int Step(float value, float scale, int low, int high) =>
        Math.Clamp((int)MathF.Round(value * (1f / scale)), low, high);
}
