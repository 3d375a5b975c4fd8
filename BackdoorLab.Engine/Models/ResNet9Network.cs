using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>
/// ResNet-9 of the Lockdown release: convolution blocks (3x3, normalisation, ReLU), pools after the second, fourth and
/// fifth, a residual pair after the second and after the last, no ReLU after the sums, largest value of the map, linear
/// head.
/// </summary>
public sealed class ResNet9Network : Classifier
{
    private readonly PixelNormalization normalize;
    private readonly Convolution conv1;
    private readonly BatchNorm2d bn1;
    private readonly Convolution conv2;
    private readonly BatchNorm2d bn2;
    private readonly Convolution res1a;
    private readonly BatchNorm2d bnres1a;
    private readonly Convolution res1b;
    private readonly BatchNorm2d bnres1b;
    private readonly Convolution conv3;
    private readonly BatchNorm2d bn3;
    private readonly Convolution conv4;
    private readonly BatchNorm2d bn4;
    private readonly Convolution res2a;
    private readonly BatchNorm2d bnres2a;
    private readonly Convolution res2b;
    private readonly BatchNorm2d bnres2b;
    private readonly FullyConnected linear;
    private readonly int _width;
    private readonly bool _batchStatistics;

    /// <summary>Builds the network with fresh weights.</summary>
    /// <param name="shape">Image size; at least 8 x 8.</param>
    /// <param name="width">Channels of the first block.</param>
    /// <param name="batchStatistics">Whether normalisation keeps no running statistics.</param>
    public ResNet9Network(ClassifierShape shape, int width, bool batchStatistics)
        : base(nameof(ResNet9Network))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Math.Min(shape.Height, shape.Width), 8, nameof(shape));
        (Shape, _width, _batchStatistics) = (shape, width, batchStatistics);
        normalize = new PixelNormalization(shape);
        (conv1, bn1) = Block(shape.Channels, width);
        (conv2, bn2) = Block(width, 2 * width);
        (res1a, bnres1a) = Block(2 * width, 2 * width);
        (res1b, bnres1b) = Block(2 * width, 2 * width);
        (conv3, bn3) = Block(2 * width, 4 * width);
        (conv4, bn4) = Block(4 * width, 8 * width);
        (res2a, bnres2a) = Block(8 * width, 8 * width);
        (res2b, bnres2b) = Block(8 * width, 8 * width);
        linear = new FullyConnected(8 * width, shape.Classes);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override ClassifierShape Shape { get; }

    /// <inheritdoc/>
    public override int FeatureCount => 8 * _width;

    /// <inheritdoc/>
    public override int LastConvChannels => 8 * _width;

    /// <inheritdoc/>
    public override Tensor Activations(INetworkArithmetic arithmetic, Tensor images)
    {
        using var scope = NewDisposeScope();
        var values = arithmetic.Convolve(conv1, bn1, relu: true, arithmetic.Enter(normalize, conv1, images));
        values = arithmetic.MaxPool(arithmetic.Convolve(conv2, bn2, relu: true, values), 2);
        var side = values;
        values = arithmetic.Convolve(
            res1b,
            bnres1b,
            relu: true,
            arithmetic.Convolve(res1a, bnres1a, relu: true, values)
        );
        values = arithmetic.Add(values, side, relu: false);
        arithmetic.Stage("res1", values);
        values = arithmetic.MaxPool(arithmetic.Convolve(conv3, bn3, relu: true, values), 2);
        arithmetic.Stage("conv3", values);
        values = arithmetic.MaxPool(arithmetic.Convolve(conv4, bn4, relu: true, values), 2);
        side = values;
        values = arithmetic.Convolve(
            res2b,
            bnres2b,
            relu: true,
            arithmetic.Convolve(res2a, bnres2a, relu: true, values)
        );
        values = arithmetic.Add(values, side, relu: false);
        arithmetic.Stage("res2", values);
        return values.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Pool(INetworkArithmetic arithmetic, Tensor activations) =>
        LargestOfMap(arithmetic, activations);

    /// <inheritdoc/>
    public override Tensor Head(INetworkArithmetic arithmetic, Tensor features) =>
        arithmetic.Connect(linear, relu: false, features);

    /// <inheritdoc/>
    protected override Classifier CreateLike() => new ResNet9Network(Shape, _width, _batchStatistics);

    private (Convolution Convolution, BatchNorm2d Norm) Block(int inputs, int outputs) =>
        (new Convolution(inputs, outputs, 3), new BatchNorm2d(outputs, _batchStatistics));
}
