using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Quantization;

/// <summary>
/// 8-bit integer kernels for every step that has one, the others in float between two quantizations: unsigned
/// activations with a fixed range, symmetric int8 weights, batch normalisation folded into the convolution before it.
/// Layers are packed in the first pass, which must run the trained network under the engine they are meant for; later
/// passes need only its topology.
/// </summary>
/// <param name="ranges">One range for each step, in the order of <see cref="StepArithmetic"/>.</param>
/// <param name="scheme">Which folded weights share a scale.</param>
internal sealed class IntegerArithmetic(IReadOnlyList<ActivationRange> ranges, WeightScheme scheme)
    : INetworkArithmetic,
        IDisposable
{
    // oneDNN 3.7 divides by zero while it packs a 1x1 convolution with so many weights, which ends the process
    // (DenseNet-121's last transition; measured: 520,192 weights are packed, 524,288 are not).
    private const long DividesByZeroFrom = 1 << 19;

    private static readonly FloatArithmetic Float = FloatArithmetic.Instance;

    private readonly QuantizedKernels _kernels = new();
    private readonly Dictionary<int, int> _packed = [];

    // Made once: a temporary native scalar can be freed under the call.
    private readonly (Scalar Low, Scalar High)?[] _limits =
    [
        .. ranges.Select(range =>
            range.Levels < byte.MaxValue ? ((Scalar)range.Low, (Scalar)range.High) : ((Scalar Low, Scalar High)?)null
        ),
    ];

    private int _step;

    /// <inheritdoc/>
    public Tensor Enter(PixelNormalization normalize, WeightLayer first, Tensor images)
    {
        _step = 0;
        using var normalized = normalize.call(images);
        return Step(range => Quantize(normalized, range));
    }

    /// <inheritdoc/>
    public Tensor Convolve(Convolution layer, BatchNorm2d? norm, bool relu, Tensor input)
    {
        if (layer.IsPointwise && layer.weight.numel() >= DividesByZeroFrom)
        {
            return ConvolveAsMatrix(layer, norm, relu, input);
        }

        var number = Packed(() =>
        {
            var (weight, bias) = FoldedLayer.Of(layer, norm);
            return _kernels.AddConvolution(QuantizeWeight(weight), bias, layer.Stride, layer.Padding);
        });
        return Step(range => _kernels.Convolution(number, relu, input, range));
    }

    /// <inheritdoc/>
    public Tensor Normalize(BatchNorm2d norm, bool relu, Tensor input)
    {
        FoldedLayer.RequireFixed(norm);
        return Step(range => _kernels.Normalize(norm, relu, input, range));
    }

    /// <inheritdoc/>
    public Tensor Add(Tensor values, Tensor side, bool relu) => Step(range => _kernels.Add(values, side, relu, range));

    /// <inheritdoc/>
    public Tensor Concatenate(IReadOnlyList<Tensor> parts) => Step(range => _kernels.Concatenate(parts, range));

    /// <inheritdoc/>
    public Tensor Connect(FullyConnected layer, bool relu, Tensor input)
    {
        var number = Packed(() =>
            _kernels.AddLinear(
                QuantizeWeight(layer.weight.detach()),
                layer.bias?.detach() ?? zeros(layer.weight.shape[0])
            )
        );
        return Step(range => _kernels.Linear(number, relu, input, range));
    }

    /// <inheritdoc/>
    public Tensor Gelu(Tensor input) => InFloat(() => Float.Gelu(input.dequantize()));

    /// <inheritdoc/>
    public Tensor Scale(Tensor input, Scalar factor)
    {
        using var scope = NewDisposeScope();
        var scaled = new ActivationRange(input.q_scale() * factor.ToDouble(), (int)input.q_zero_point(), byte.MaxValue);
        return Quantize(Float.Scale(input.dequantize(), factor), scaled).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public Tensor MaxPool(Tensor input, int size, int? stride = null, int padding = 0) =>
        Float.MaxPool(input, size, stride, padding);

    /// <inheritdoc/>
    public Tensor AveragePool(Tensor input, int height, int width) =>
        InFloat(() => Float.AveragePool(input.dequantize(), height, width));

    /// <inheritdoc/>
    public Tensor GlobalAverage(Tensor input) => InFloat(() => Float.GlobalAverage(input.dequantize()));

    /// <inheritdoc/>
    public Tensor Flatten(Tensor input) => Float.Flatten(input);

    /// <inheritdoc/>
    public Tensor Embed(Tensor patches, Tensor classToken, Tensor positions) =>
        InFloat(() => Float.Embed(patches.dequantize(), classToken, positions));

    /// <inheritdoc/>
    public Tensor NormalizeTokens(LayerNormalization norm, Tensor tokens) =>
        InFloat(() => Float.NormalizeTokens(norm, tokens.dequantize()));

    /// <inheritdoc/>
    public Tensor Attend(Tensor queriesKeysValues, int heads) =>
        InFloat(() => Float.Attend(queriesKeysValues.dequantize(), heads));

    /// <inheritdoc/>
    public Tensor ClassToken(Tensor tokens) => Float.ClassToken(tokens);

    /// <inheritdoc/>
    public Tensor Grid(Tensor tokens, int height, int width) => Float.Grid(tokens, height, width);

    /// <inheritdoc/>
    public Tensor Mask(Tensor input, Tensor mask)
    {
        // Zero is exact in every range, so that a masked channel stays exactly zero.
        using var scope = NewDisposeScope();
        var range = new ActivationRange(input.q_scale(), (int)input.q_zero_point(), byte.MaxValue);
        return Quantize(Float.Mask(input.dequantize(), mask), range).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose() => _kernels.Dispose();

    /// <summary>
    /// The next step. Its kernel clips at 255 whatever the range, so a value beyond a reduced range is clipped here: it
    /// would overflow the sums of the step after it, and the simulation clips it too.
    /// </summary>
    private Tensor Step(Func<ActivationRange, Tensor> kernel)
    {
        var result = kernel(ranges[_step]);
        if (_limits[_step++] is not { } limits)
        {
            return result;
        }

        using var wide = result;
        return wide.clamp(limits.Low, limits.High);
    }

    /// <summary>The next step, for which there is no integer kernel: its float result, quantized.</summary>
    private Tensor InFloat(Func<Tensor> step)
    {
        using var scope = NewDisposeScope();
        return Step(range => Quantize(step(), range)).MoveToOuterDisposeScope();
    }

    // A 1x1 convolution is a linear layer on every pixel: the same integers and sums.
    private Tensor ConvolveAsMatrix(Convolution layer, BatchNorm2d? norm, bool relu, Tensor input)
    {
        var number = Packed(() =>
        {
            var (weight, bias) = FoldedLayer.Of(layer, norm);
            return _kernels.AddLinear(QuantizeWeight(weight.flatten(1)), bias);
        });
        using var scope = NewDisposeScope();
        var pixels = input.permute(0, 2, 3, 1);
        return Step(range => _kernels.Linear(number, relu, pixels, range))
            .permute(0, 3, 1, 2)
            .MoveToOuterDisposeScope();
    }

    private static Tensor Quantize(Tensor values, ActivationRange range) =>
        quantize_per_tensor(values, range.Scale, range.ZeroPoint, ScalarType.QUInt8);

    // One scale for all is the same scale for every channel: the kernels need no second form.
    private Tensor QuantizeWeight(Tensor weight)
    {
        var outputs = weight.shape[0];
        var scales = WeightRounding
            .Scales(weight, WeightRounding.Int8Levels, scheme == WeightScheme.PerChannelSymmetric)
            .flatten()
            .expand(outputs);
        return quantize_per_channel(weight, scales.contiguous(), zeros(outputs, ScalarType.Int64), 0, ScalarType.QInt8);
    }

    private int Packed(Func<int> pack)
    {
        if (!_packed.TryGetValue(_step, out var number))
        {
            using var scope = NewDisposeScope();
            _packed[_step] = number = pack();
        }

        return number;
    }
}
