using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>
/// The network's own float arithmetic, with gradients and in training mode too. Rectifies and adds in place.
/// </summary>
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
    public virtual Tensor Convolve(Convolution layer, BatchNorm2d? norm, bool relu, Tensor input)
    {
        var values = Multiply(layer, input);
        return ReluIf(norm is null ? values : norm.call(values), relu);
    }

    /// <inheritdoc/>
    public virtual Tensor Normalize(BatchNorm2d norm, bool relu, Tensor input) => ReluIf(norm.call(input), relu);

    /// <inheritdoc/>
    /// <remarks>
    /// A sum that is not rectified goes into a tensor of its own: its branch may be a ReLU's output, which the gradient
    /// needs.
    /// </remarks>
    public virtual Tensor Add(Tensor values, Tensor side, bool relu) =>
        relu ? ReluIf(values.add_(side, One), relu) : values.add(side, One);

    /// <inheritdoc/>
    public virtual Tensor Connect(FullyConnected layer, bool relu, Tensor input) =>
        ReluIf(Multiply(layer, input), relu);

    /// <inheritdoc/>
    public virtual Tensor Gelu(Tensor input) => nn.functional.gelu(input);

    /// <inheritdoc/>
    public virtual Tensor Scale(Tensor input, Scalar factor) => input.mul(factor);

    /// <inheritdoc/>
    public virtual Tensor MaxPool(Tensor input, int size) => nn.functional.max_pool2d(input, size);

    /// <inheritdoc/>
    public Tensor AveragePool(Tensor input, int height, int width) =>
        nn.functional.adaptive_avg_pool2d(input, [height, width]);

    /// <inheritdoc/>
    public Tensor GlobalAverage(Tensor input) => input.mean([2, 3]);

    /// <inheritdoc/>
    public Tensor Flatten(Tensor input) => input.reshape(input.shape[0], -1);

    /// <inheritdoc/>
    public virtual void Stage(string name, Tensor values) { }

    /// <inheritdoc/>
    public Tensor Mask(Tensor input, Tensor mask)
    {
        using var scope = NewDisposeScope();
        return input.mul(mask.to(input.dtype)).MoveToOuterDisposeScope();
    }

    /// <summary>The layer's own output, before normalisation and ReLU.</summary>
    protected virtual Tensor Multiply(WeightLayer layer, Tensor input) => layer.call(input);

    /// <summary>Rectified in place where asked.</summary>
    protected static Tensor ReluIf(Tensor values, bool relu) =>
        relu ? nn.functional.relu(values, inplace: true) : values;
}
