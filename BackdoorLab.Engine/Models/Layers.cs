using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>
/// A layer that multiplies by a weight matrix or kernel: what costs, quantization and fine-tuning look for in a
/// network. Parameters live outside dispose scopes, so a network may be built inside one.
/// </summary>
public abstract class WeightLayer : nn.Module<Tensor, Tensor>
{
    /// <summary>Weights, output channels first.</summary>
    public Parameter weight;

    /// <summary>Bias [outputs], or null.</summary>
    public Parameter? bias;

    /// <summary>Takes the layer's parameters over.</summary>
    protected WeightLayer(string name, Tensor weight, Tensor? bias)
        : base(name)
    {
        this.weight = Keep(weight);
        this.bias = bias is null ? null : Keep(bias);
    }

    /// <summary>The layer's output with <paramref name="weights"/> of the same shape in place of its own.</summary>
    public abstract Tensor Apply(Tensor input, Tensor weights);

    /// <inheritdoc/>
    public sealed override Tensor forward(Tensor input) => Apply(input, weight);

    /// <summary>Parameters of a new layer: a leaf that requires a gradient, alive outside dispose scopes.</summary>
    private static Parameter Keep(Tensor values)
    {
        var parameter = new Parameter(values, requires_grad: true);
        parameter.DetachFromDisposeScope();
        return parameter;
    }
}

/// <summary>
/// A 2-D convolution with square kernel whose weights are stored channels-last (oneDNN's fast layout), He-initialised
/// over its outputs.
/// </summary>
/// <remarks>
/// Two kernels of libtorch 2.10 (oneDNN 3.7) give wrong numbers without a word, and are gone round here. Both were
/// measured against double arithmetic on AVX-512 and AMX: the float32 1x1 convolution of channels-last batches from 256
/// input channels on small maps (ResNet-18's last shortcut) returns outputs off by half of their size; and the bfloat16
/// gradient with respect to an image of one channel is off by a third.
/// </remarks>
public sealed class Convolution : WeightLayer
{
    // The wrong 1x1 results begin at 256; wide maps that narrow are quicker as convolutions.
    private const int MatrixFrom = 129;

    // Below so many inputs the library's AVX-512 kernel for the weights' gradient of a strided 1x1 convolution writes
    // past the end of its memory: it works in blocks of sixteen channels, also where there are fewer.
    private const int StridedFrom = 16;

    private readonly long[] _padding;
    private readonly long[] _strides;

    /// <summary>Makes the layer; unless told otherwise padding keeps the size for odd kernels at stride 1.</summary>
    public Convolution(int inputs, int outputs, int kernel, int stride = 1, bool hasBias = false, int? padding = null)
        : base(nameof(Convolution), HeWeights(inputs, outputs, kernel), hasBias ? zeros(outputs) : null)
    {
        _strides = [stride, stride];
        _padding = [padding ?? kernel / 2, padding ?? kernel / 2];
        RegisterComponents();
    }

    /// <summary>Step of the kernel in pixels.</summary>
    public int Stride => (int)_strides[0];

    /// <summary>Zero padding on each side in pixels.</summary>
    public int Padding => (int)_padding[0];

    /// <summary>Whether it is a linear layer on every pixel: 1x1, at stride 1 and without padding.</summary>
    public bool IsPointwise => weight.shape[2] == 1 && Stride == 1 && Padding == 0;

    /// <inheritdoc/>
    public override Tensor Apply(Tensor input, Tensor weights) => Apply(input, weights, bias);

    /// <summary>
    /// The layer's output with <paramref name="weights"/> and <paramref name="shift"/> in place of its own weights and
    /// bias.
    /// </summary>
    public Tensor Apply(Tensor input, Tensor weights, Tensor? shift)
    {
        if (weights.shape[2] == 1 && Padding == 0 && IsBetterAsMatrix(weights.shape[1]))
        {
            return AsMatrix(input, weights, shift);
        }

        return weights.shape[1] == 1 && input.requires_grad
            ? WithSecondChannel(input, weights, shift)
            : nn.functional.conv2d(input, weights, shift, _strides, _padding);
    }

    private bool IsBetterAsMatrix(long inputs) => inputs >= MatrixFrom || (Stride > 1 && inputs < StridedFrom);

    /// <summary>
    /// A 1x1 convolution is one matrix product over all pixels; in channels-last layout the views copy nothing.
    /// </summary>
    private Tensor AsMatrix(Tensor input, Tensor weights, Tensor? shift)
    {
        using var scope = NewDisposeScope();
        var pixels =
            Stride == 1 ? input : input.slice(2, 0, input.shape[2], Stride).slice(3, 0, input.shape[3], Stride);
        var matrix = weights.reshape(weights.shape[0], weights.shape[1]);
        return nn
            .functional.linear(pixels.permute(0, 2, 3, 1), matrix, shift)
            .permute(0, 3, 1, 2)
            .MoveToOuterDisposeScope();
    }

    /// <summary>The same sums with a second channel of zeros.</summary>
    private Tensor WithSecondChannel(Tensor input, Tensor weights, Tensor? shift)
    {
        using var scope = NewDisposeScope();
        var images = cat([input, zeros_like(input)], 1);
        var widened = cat([weights, zeros_like(weights)], 1);
        return nn.functional.conv2d(images, widened, shift, _strides, _padding).MoveToOuterDisposeScope();
    }

    private static Tensor HeWeights(int inputs, int outputs, int kernel)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var rowMajor = empty(outputs, kernel, kernel, inputs);
        nn.init.normal_(rowMajor, 0, Math.Sqrt(2.0 / (outputs * kernel * kernel)));
        return rowMajor.permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }
}

/// <summary>
/// A fully connected layer, initialised as PyTorch's: uniform within one over the square root of its inputs.
/// </summary>
public sealed class FullyConnected : WeightLayer
{
    /// <summary>Makes the layer.</summary>
    public FullyConnected(int inputs, int outputs, bool hasBias = true)
        : base(
            nameof(FullyConnected),
            Uniform([outputs, inputs], inputs),
            hasBias ? Uniform([outputs], inputs) : null
        ) => RegisterComponents();

    /// <inheritdoc/>
    public override Tensor Apply(Tensor input, Tensor weights) => nn.functional.linear(input, weights, bias);

    private static Tensor Uniform(long[] size, int inputs)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var values = empty(size);
        var bound = 1 / Math.Sqrt(inputs);
        nn.init.uniform_(values, -bound, bound);
        return values.MoveToOuterDisposeScope();
    }
}

/// <summary>
/// Batch normalisation over channels. Own module because the library's counts batches with a temporary native scalar
/// that a garbage collection can free under the call. Parameters and statistics stay float32 also in bfloat16 networks.
/// </summary>
public sealed class BatchNorm2d : nn.Module<Tensor, Tensor>
{
    /// <summary>Scale per channel; all ones and without a gradient where the layer has no scale.</summary>
    public Parameter weight;

    /// <summary>Shift per channel.</summary>
    public Parameter bias;

    /// <summary>Running mean per channel.</summary>
    public Tensor running_mean;

    /// <summary>Running variance per channel.</summary>
    public Tensor running_var;

    /// <summary>Makes the layer.</summary>
    /// <param name="channels">Channels.</param>
    /// <param name="batchStatistics">Whether the batch's own statistics are used in evaluation too; the running ones
    /// then stay as they are.</param>
    /// <param name="eps">Added to the variance before the square root.</param>
    /// <param name="momentum">Weight of a batch in the running statistics, above 0 and up to 1.</param>
    /// <param name="hasScale">Whether the scale is trained; otherwise it is 1 for ever.</param>
    public BatchNorm2d(
        int channels,
        bool batchStatistics = false,
        double eps = 1e-5,
        double momentum = 0.1,
        bool hasScale = true
    )
        : base(nameof(BatchNorm2d))
    {
        (UsesBatchStatistics, Eps, Momentum, HasScale) = (batchStatistics, eps, momentum, hasScale);
        weight = new Parameter(ones(channels), requires_grad: hasScale);
        bias = new Parameter(zeros(channels));
        running_mean = zeros(channels).DetachFromDisposeScope();
        running_var = ones(channels).DetachFromDisposeScope();
        weight.DetachFromDisposeScope();
        bias.DetachFromDisposeScope();
        RegisterComponents();
    }

    /// <summary>Added to the variance before the square root.</summary>
    public double Eps { get; }

    /// <summary>Weight of a batch in the running statistics.</summary>
    public double Momentum { get; }

    /// <summary>Whether the scale is trained; otherwise it is 1.</summary>
    public bool HasScale { get; }

    /// <summary>
    /// Whether outputs depend on the batch at hand also in evaluation, so that the layer is no fixed map.
    /// </summary>
    public bool UsesBatchStatistics { get; }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input) =>
        UsesBatchStatistics
            ? nn.functional.batch_norm(input, null, null, weight, bias, training: true, Momentum, Eps)
            : nn.functional.batch_norm(input, running_mean, running_var, weight, bias, training, Momentum, Eps);
}

/// <summary>Turns pixels in [0,1] into the zero-mean, unit-variance input of the first layer.</summary>
public sealed class PixelNormalization : nn.Module<Tensor, Tensor>
{
    /// <summary>Mean [1,C,1,1].</summary>
    public Tensor mean;

    /// <summary>Standard deviation [1,C,1,1].</summary>
    public Tensor std;

    /// <summary>Makes the layer for a shape.</summary>
    public PixelNormalization(ClassifierShape shape)
        : base(nameof(PixelNormalization))
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(shape.Normalization.Mean.Length, shape.Channels);
        ArgumentOutOfRangeException.ThrowIfNotEqual(shape.Normalization.StandardDeviation.Length, shape.Channels);
        mean = tensor(shape.Normalization.Mean, [1, shape.Channels, 1, 1]).DetachFromDisposeScope();
        std = tensor(shape.Normalization.StandardDeviation, [1, shape.Channels, 1, 1]).DetachFromDisposeScope();
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var pixels = input.permute(0, 2, 3, 1);
        if (!pixels.is_contiguous())
        {
            return input.sub(mean).div_(std).MoveToOuterDisposeScope();
        }

        // One row an image, with the constants as long: the same bits, several times faster than a broadcast over so
        // few channels.
        var (size, places) = (pixels.shape, input.shape[2] * input.shape[3]);
        var rows = pixels.view(size[0], places * size[3]);
        var normalized = rows.sub(mean.flatten().repeat(places)).div_(std.flatten().repeat(places));
        return normalized.view(size).permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }
}
