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
    public virtual Tensor Concatenate(IReadOnlyList<Tensor> parts) => cat([.. parts], 1);

    /// <inheritdoc/>
    public virtual Tensor Connect(FullyConnected layer, bool relu, Tensor input) =>
        ReluIf(Multiply(layer, input), relu);

    /// <inheritdoc/>
    public virtual Tensor Gelu(Tensor input) => nn.functional.gelu(input);

    /// <inheritdoc/>
    public virtual Tensor Scale(Tensor input, Scalar factor) => input.mul(factor);

    /// <inheritdoc/>
    public virtual Tensor MaxPool(Tensor input, int size, int? stride = null, int padding = 0) =>
        nn.functional.max_pool2d(input, size, stride ?? size, padding);

    /// <inheritdoc/>
    public Tensor AveragePool(Tensor input, int height, int width) =>
        nn.functional.adaptive_avg_pool2d(input, [height, width]);

    /// <inheritdoc/>
    public Tensor GlobalAverage(Tensor input) => input.mean([2, 3]);

    /// <inheritdoc/>
    public Tensor Flatten(Tensor input) => input.reshape(input.shape[0], -1);

    /// <inheritdoc/>
    /// <remarks>
    /// In the number format of the patches: parameters that belong to no layer stay float32 everywhere.
    /// </remarks>
    public virtual Tensor Embed(Tensor patches, Tensor classToken, Tensor positions)
    {
        using var scope = NewDisposeScope();
        var first = classToken.to(patches.dtype).expand(patches.shape[0], -1, -1);
        var tokens = cat([first, patches.flatten(2).transpose(1, 2)], 1);
        return tokens.add(positions.to(patches.dtype), One).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public virtual Tensor NormalizeTokens(LayerNormalization norm, Tensor tokens) => norm.call(tokens);

    /// <inheritdoc/>
    /// <remarks>
    /// Product by product: the library's fused attention cannot be differentiated twice, and is slower in bfloat16.
    /// </remarks>
    public virtual Tensor Attend(Tensor queriesKeysValues, int heads)
    {
        using var scope = NewDisposeScope();
        var (images, tokens) = (queriesKeysValues.shape[0], queriesKeysValues.shape[1]);
        var width = queriesKeysValues.shape[2] / 3 / heads;
        var parts = queriesKeysValues.reshape(images, tokens, 3, heads, width).permute(2, 0, 3, 1, 4);
        var queries = Part(0).mul(tensor((float)(1 / Math.Sqrt(width))));
        var shares = nn.functional.softmax(queries.bmm(Part(1).transpose(1, 2)), 2);
        return shares
            .bmm(Part(2))
            .reshape(images, heads, tokens, width)
            .transpose(1, 2)
            .reshape(images, tokens, heads * width)
            .MoveToOuterDisposeScope();

        Tensor Part(int number) => parts.select(0, number).reshape(images * heads, tokens, width);
    }

    /// <inheritdoc/>
    public virtual Tensor ClassToken(Tensor tokens) => tokens.select(1, 0);

    /// <inheritdoc/>
    public Tensor Grid(Tensor tokens, int height, int width)
    {
        using var scope = NewDisposeScope();
        return tokens
            .narrow(1, 1, height * width)
            .view(tokens.shape[0], height, width, tokens.shape[2])
            .permute(0, 3, 1, 2)
            .MoveToOuterDisposeScope();
    }

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
