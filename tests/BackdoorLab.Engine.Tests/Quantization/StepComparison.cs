using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Quantization;

/// <summary>
/// Runs the integer kernels and, on the de-quantised inputs of each of their steps, the float step with its result
/// rounded; keeps how far the two are apart. The network goes on with the integers.
/// </summary>
internal sealed class StepComparison(IntegerArithmetic integers, IReadOnlyList<ActivationRange> ranges)
    : INetworkArithmetic
{
    private static readonly FloatArithmetic Float = FloatArithmetic.Instance;

    /// <summary>Largest difference of each step, in quantization steps.</summary>
    internal List<double> Largest { get; } = [];

    /// <summary>Share of the values of each step that differ.</summary>
    internal List<double> Differing { get; } = [];

    public Tensor Enter(PixelNormalization normalize, WeightLayer first, Tensor images) =>
        Compare(integers.Enter(normalize, first, images), Float.Enter(normalize, first, images));

    public Tensor Convolve(Convolution layer, BatchNorm2d? norm, bool relu, Tensor input) =>
        Compare(integers.Convolve(layer, norm, relu, input), Float.Convolve(layer, norm, relu, input.dequantize()));

    public Tensor Normalize(BatchNorm2d norm, bool relu, Tensor input) =>
        Compare(integers.Normalize(norm, relu, input), Float.Normalize(norm, relu, input.dequantize()));

    public Tensor Add(Tensor values, Tensor side, bool relu)
    {
        var expected = Float.Add(values.dequantize(), side.dequantize(), relu);
        return Compare(integers.Add(values, side, relu), expected);
    }

    /// <summary>
    /// Steps that bring integers to another range: each has 256 values, and one that falls on a tie takes all its
    /// pixels along.
    /// </summary>
    internal HashSet<int> Rescaling { get; } = [];

    public Tensor Concatenate(IReadOnlyList<Tensor> parts)
    {
        Rescaling.Add(Largest.Count);
        return Compare(integers.Concatenate(parts), Float.Concatenate([.. parts.Select(part => part.dequantize())]));
    }

    public Tensor Connect(FullyConnected layer, bool relu, Tensor input) =>
        Compare(integers.Connect(layer, relu, input), Float.Connect(layer, relu, input.dequantize()));

    public Tensor AveragePool(Tensor input, int height, int width) =>
        Compare(integers.AveragePool(input, height, width), Float.AveragePool(input.dequantize(), height, width));

    public Tensor GlobalAverage(Tensor input) =>
        Compare(integers.GlobalAverage(input), Float.GlobalAverage(input.dequantize()));

    public Tensor Gelu(Tensor input) => Compare(integers.Gelu(input), Float.Gelu(input.dequantize()));

    public Tensor Scale(Tensor input, Scalar factor) => integers.Scale(input, factor);

    public Tensor MaxPool(Tensor input, int size, int? stride = null, int padding = 0)
    {
        // No step: the same integers as the largest of the floats.
        var found = integers.MaxPool(input, size, stride, padding);
        var expected = Float.MaxPool(input.dequantize(), size, stride, padding);
        Assert.Equal(0, (found.dequantize() - expected).abs().max().item<float>());
        return found;
    }

    public Tensor Flatten(Tensor input) => integers.Flatten(input);

    public Tensor Embed(Tensor patches, Tensor classToken, Tensor positions) =>
        Compare(
            integers.Embed(patches, classToken, positions),
            Float.Embed(patches.dequantize(), classToken, positions)
        );

    public Tensor NormalizeTokens(LayerNormalization norm, Tensor tokens) =>
        Compare(integers.NormalizeTokens(norm, tokens), Float.NormalizeTokens(norm, tokens.dequantize()));

    public Tensor Attend(Tensor queriesKeysValues, int heads) =>
        Compare(integers.Attend(queriesKeysValues, heads), Float.Attend(queriesKeysValues.dequantize(), heads));

    public Tensor ClassToken(Tensor tokens) => integers.ClassToken(tokens);

    public Tensor Grid(Tensor tokens, int height, int width) => integers.Grid(tokens, height, width);

    public Tensor Mask(Tensor input, Tensor mask) => integers.Mask(input, mask);

    private Tensor Compare(Tensor found, Tensor expected)
    {
        var range = ranges[Largest.Count];
        var steps = (found.dequantize() - range.Round(expected)).abs() / range.Scale;
        Largest.Add(steps.max().item<float>());
        Differing.Add(steps.gt(0.5).to(ScalarType.Float32).mean().item<float>());
        return found;
    }
}
