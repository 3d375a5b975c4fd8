using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>
/// The network of airbench94: a 2x2 convolution without padding that whitens patches (its filters come from the
/// training images, see <c>TrainOptions.WhiteningImages</c>), three groups of convolution, pool, normalisation, GELU,
/// convolution, normalisation, GELU, the largest value of the map, and a linear head without bias whose logits are
/// divided by nine. Normalisation has no scale.
/// </summary>
public sealed class AirbenchNetwork : Classifier
{
    private const int WhiteningKernel = 2;
    private const int SmallestSide = 9;
    private static readonly Scalar LogitScale = 1.0 / 9;
    private static readonly int[] Widths = [64, 256, 256];

    private readonly PixelNormalization normalize;
    private readonly Convolution whiten;
    private readonly ConvolutionGroup group1;
    private readonly ConvolutionGroup group2;
    private readonly ConvolutionGroup group3;
    private readonly FullyConnected linear;
    private readonly int _widthDivisor;

    /// <summary>Builds the network with fresh weights.</summary>
    /// <param name="shape">Image size; at least 9 x 9.</param>
    /// <param name="widthDivisor">Divides the channels of every group.</param>
    public AirbenchNetwork(ClassifierShape shape, int widthDivisor)
        : base(nameof(AirbenchNetwork))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Math.Min(shape.Height, shape.Width), SmallestSide, nameof(shape));
        (Shape, _widthDivisor) = (shape, widthDivisor);
        var filters = 2 * shape.Channels * WhiteningKernel * WhiteningKernel;
        int[] widths = [.. Widths.Select(width => width / widthDivisor)];
        normalize = new PixelNormalization(shape);
        whiten = new Convolution(shape.Channels, filters, WhiteningKernel, hasBias: true, padding: 0);
        group1 = new ConvolutionGroup(filters, widths[0]);
        group2 = new ConvolutionGroup(widths[0], widths[1]);
        group3 = new ConvolutionGroup(widths[1], widths[2]);
        linear = new FullyConnected(widths[2], shape.Classes, hasBias: false);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override ClassifierShape Shape { get; }

    /// <inheritdoc/>
    public override int FeatureCount => (int)linear.weight.shape[1];

    /// <inheritdoc/>
    public override int LastConvChannels => FeatureCount;

    /// <inheritdoc/>
    public override Tensor Activations(INetworkArithmetic arithmetic, Tensor images)
    {
        using var scope = NewDisposeScope();
        var pixels = arithmetic.Enter(normalize, whiten, images);
        var values = arithmetic.Gelu(arithmetic.Convolve(whiten, norm: null, relu: false, pixels));
        foreach (var (name, group) in new[] { ("group1", group1), ("group2", group2), ("group3", group3) })
        {
            values = group.Run(arithmetic, values);
            arithmetic.Stage(name, values);
        }

        return values.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Pool(INetworkArithmetic arithmetic, Tensor activations) =>
        LargestOfMap(arithmetic, activations);

    /// <inheritdoc/>
    public override Tensor Head(INetworkArithmetic arithmetic, Tensor features)
    {
        using var scope = NewDisposeScope();
        return arithmetic
            .Scale(arithmetic.Connect(linear, relu: false, features), LogitScale)
            .MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override Classifier CreateLike() => new AirbenchNetwork(Shape, _widthDivisor);
}

/// <summary>
/// Convolution, pool, normalisation, GELU, convolution, normalisation, GELU; both convolutions start as the identity
/// where they can.
/// </summary>
internal sealed class ConvolutionGroup : nn.Module
{
    private const double Eps = 1e-12;
    private const double Momentum = 0.4;

    private readonly Convolution conv1;
    private readonly BatchNorm2d norm1;
    private readonly Convolution conv2;
    private readonly BatchNorm2d norm2;

    internal ConvolutionGroup(int inputs, int outputs)
        : base(nameof(ConvolutionGroup))
    {
        (conv1, norm1) = (Identity(inputs, outputs), Norm(outputs));
        (conv2, norm2) = (Identity(outputs, outputs), Norm(outputs));
        RegisterComponents();
    }

    internal Tensor Run(INetworkArithmetic arithmetic, Tensor input)
    {
        using var scope = NewDisposeScope();
        var values = arithmetic.MaxPool(arithmetic.Convolve(conv1, norm: null, relu: false, input), 2);
        values = arithmetic.Gelu(arithmetic.Normalize(norm1, relu: false, values));
        return arithmetic.Gelu(arithmetic.Convolve(conv2, norm2, relu: false, values)).MoveToOuterDisposeScope();
    }

    private static BatchNorm2d Norm(int channels) => new(channels, eps: Eps, momentum: Momentum, hasScale: false);

    // As PyTorch's convolutions start, uniform within one over the square root of the inputs of a filter; then the
    // identity in the first ones.
    private static Convolution Identity(int inputs, int outputs)
    {
        var layer = new Convolution(inputs, outputs, 3);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var bound = 1 / Math.Sqrt(inputs * 9);
        nn.init.uniform_(layer.weight, -bound, bound);
        var same = Math.Min(inputs, outputs);
        var filters = layer.weight.slice(0, 0, same, 1);
        filters.zero_();
        filters.select(2, 1).select(2, 1).narrow(1, 0, same).copy_(eye(same));
        return layer;
    }
}
