using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>The network's own float arithmetic, with gradients and in training mode too. Rectifies and adds in place.</summary>
public class FloatArithmetic : INetworkArithmetic
{
    // Both operands given: the overload without a factor makes a temporary native scalar per call.
    private static readonly Scalar One = 1;

    /// <summary>The arithmetic; it has no state.</summary>
    public static FloatArithmetic Instance { get; } = new();

    /// <inheritdoc/>
    public Tensor Enter(PixelNormalization normalize, WeightLayer first, Tensor images)
    {
        var normalized = normalize.call(images);
        return normalized.dtype == first.weight.dtype ? normalized : normalized.to(first.weight.dtype);
    }

    /// <inheritdoc/>
    public virtual Tensor Convolve(Convolution layer, BatchNorm2d? norm, bool rectify, Tensor input)
    {
        var values = Multiply(layer, input);
        return Rectified(norm is null ? values : norm.call(values), rectify);
    }

    /// <inheritdoc/>
    public Tensor Normalize(BatchNorm2d norm, bool rectify, Tensor input) => Rectified(norm.call(input), rectify);

    /// <inheritdoc/>
    /// <remarks>A sum that is not rectified goes into a tensor of its own: its branch may be a rectifier's output, which the gradient needs.</remarks>
    public Tensor Add(Tensor values, Tensor side, bool rectify) => rectify ? Rectified(values.add_(side, One), rectify) : values.add(side, One);

    /// <inheritdoc/>
    public virtual Tensor Connect(FullyConnected layer, bool rectify, Tensor input) => Rectified(Multiply(layer, input), rectify);

    /// <inheritdoc/>
    public Tensor Gelu(Tensor input) => nn.functional.gelu(input);

    /// <inheritdoc/>
    public Tensor Scale(Tensor input, Scalar factor) => input.mul(factor);

    /// <inheritdoc/>
    public Tensor MaxPool(Tensor input, int size) => nn.functional.max_pool2d(input, size);

    /// <inheritdoc/>
    public Tensor AveragePool(Tensor input, int height, int width) => nn.functional.adaptive_avg_pool2d(input, [height, width]);

    /// <inheritdoc/>
    public Tensor GlobalAverage(Tensor input) => input.mean([2, 3]);

    /// <inheritdoc/>
    public Tensor Flatten(Tensor input) => input.reshape(input.shape[0], -1);

    /// <inheritdoc/>
    public Tensor Mask(Tensor input, Tensor mask)
    {
        using var scope = NewDisposeScope();
        return input.mul(mask.to(input.dtype)).MoveToOuterDisposeScope();
    }

    /// <summary>The layer's own output, before normalisation and rectifier.</summary>
    protected virtual Tensor Multiply(WeightLayer layer, Tensor input) => layer.call(input);

    /// <summary>Rectified in place where asked.</summary>
    protected static Tensor Rectified(Tensor values, bool rectify) => rectify ? nn.functional.relu(values, inplace: true) : values;
}
