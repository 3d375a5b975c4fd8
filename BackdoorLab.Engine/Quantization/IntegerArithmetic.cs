using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Quantization;

/// <summary>
/// 8-bit integer kernels for every step: unsigned activations with a fixed range, symmetric int8 weights, batch
/// normalisation folded into the convolution before it. Layers are packed in the first pass, which must run the trained network under
/// the engine they are meant for; later passes need only its topology.
/// </summary>
/// <param name="ranges">One range for each step, in the order of <see cref="StepArithmetic"/>.</param>
/// <param name="scheme">Which folded weights share a scale.</param>
internal sealed class IntegerArithmetic(IReadOnlyList<ActivationRange> ranges, WeightScheme scheme) : INetworkArithmetic, IDisposable
{
    private static readonly FloatArithmetic Float = FloatArithmetic.Instance;

    private readonly QuantizedKernels _kernels = new();
    private readonly Dictionary<int, int> _packed = [];
    private int _step;

    /// <inheritdoc/>
    public Tensor Enter(PixelNormalization normalize, WeightLayer first, Tensor images)
    {
        _step = 0;
        using var normalized = normalize.call(images);
        return Quantize(normalized, ranges[_step++]);
    }

    /// <inheritdoc/>
    public Tensor Convolve(Convolution layer, BatchNorm2d? norm, bool rectify, Tensor input)
    {
        var number = Packed(() =>
        {
            var (weight, bias) = FoldedLayer.Of(layer, norm);
            return _kernels.AddConvolution(QuantizeWeight(weight), bias, layer.Stride, layer.Padding);
        });
        return _kernels.Convolution(number, rectify, input, ranges[_step++]);
    }

    /// <inheritdoc/>
    public Tensor Normalize(BatchNorm2d norm, bool rectify, Tensor input) => _kernels.Normalize(norm, rectify, input, ranges[_step++]);

    /// <inheritdoc/>
    public Tensor Add(Tensor values, Tensor side, bool rectify) => _kernels.Add(values, side, rectify, ranges[_step++]);

    /// <inheritdoc/>
    public Tensor Connect(FullyConnected layer, bool rectify, Tensor input)
    {
        var number = Packed(() => _kernels.AddLinear(QuantizeWeight(layer.weight.detach()), layer.bias!.detach()));
        return _kernels.Linear(number, rectify, input, ranges[_step++]);
    }

    /// <inheritdoc/>
    public Tensor MaxPool(Tensor input, int size) => Float.MaxPool(input, size);

    /// <inheritdoc/>
    public Tensor AveragePool(Tensor input, int height, int width)
    {
        using var scope = NewDisposeScope();
        return Quantize(Float.AveragePool(input.dequantize(), height, width), ranges[_step++]).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public Tensor GlobalAverage(Tensor input)
    {
        using var scope = NewDisposeScope();
        return Quantize(Float.GlobalAverage(input.dequantize()), ranges[_step++]).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public Tensor Flatten(Tensor input) => Float.Flatten(input);

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

    private static Tensor Quantize(Tensor values, ActivationRange range) =>
        quantize_per_tensor(values, range.Scale, range.ZeroPoint, ScalarType.QUInt8);

    // One scale for all is the same scale for every channel: the kernels need no second form.
    private Tensor QuantizeWeight(Tensor weight)
    {
        var outputs = weight.shape[0];
        var scales = WeightRounding.Scales(weight, WeightRounding.Int8Levels, scheme == WeightScheme.PerChannelSymmetric).flatten().expand(outputs);
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
