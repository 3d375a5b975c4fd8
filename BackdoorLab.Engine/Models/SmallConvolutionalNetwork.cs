using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>
/// Four normalised 3x3 convolutions (32-32-64-64) with two max pools, one hidden layer of 128 units and a linear head.
/// Larger images are averaged to an 8x8 map before the hidden layer, so its size does not grow with them.
/// </summary>
public sealed class SmallConvolutionalNetwork : Classifier
{
    private const int Hidden = 128;
    private const int LargestMap = 8;

    private readonly PixelNormalization normalize;
    private readonly Convolution conv1;
    private readonly BatchNorm2d bn1;
    private readonly Convolution conv2;
    private readonly BatchNorm2d bn2;
    private readonly Convolution conv3;
    private readonly BatchNorm2d bn3;
    private readonly Convolution conv4;
    private readonly BatchNorm2d bn4;
    private readonly FullyConnected fc1;
    private readonly FullyConnected fc2;
    private readonly int _mapHeight;
    private readonly int _mapWidth;

    /// <summary>Builds the network with fresh weights.</summary>
    public SmallConvolutionalNetwork(ClassifierShape shape)
        : base(nameof(SmallConvolutionalNetwork))
    {
        Shape = shape;
        (_mapHeight, _mapWidth) = (Math.Min(LargestMap, shape.Height / 4), Math.Min(LargestMap, shape.Width / 4));
        ArgumentOutOfRangeException.ThrowIfLessThan(Math.Min(_mapHeight, _mapWidth), 1, nameof(shape));
        normalize = new PixelNormalization(shape);
        conv1 = new Convolution(shape.Channels, 32, 3);
        bn1 = new BatchNorm2d(32);
        conv2 = new Convolution(32, 32, 3);
        bn2 = new BatchNorm2d(32);
        conv3 = new Convolution(32, 64, 3);
        bn3 = new BatchNorm2d(64);
        conv4 = new Convolution(64, 64, 3);
        bn4 = new BatchNorm2d(64);
        fc1 = new FullyConnected(64 * _mapHeight * _mapWidth, Hidden);
        fc2 = new FullyConnected(Hidden, shape.Classes);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override ClassifierShape Shape { get; }

    /// <inheritdoc/>
    public override int FeatureCount => Hidden;

    /// <inheritdoc/>
    public override int LastConvChannels => 64;

    /// <inheritdoc/>
    public override Tensor Activations(INetworkArithmetic arithmetic, Tensor images)
    {
        using var scope = NewDisposeScope();
        var values = arithmetic.Convolve(conv1, bn1, relu: true, arithmetic.Enter(normalize, conv1, images));
        values = arithmetic.MaxPool(arithmetic.Convolve(conv2, bn2, relu: true, values), 2);
        arithmetic.Stage("conv2", values);
        values = arithmetic.Convolve(conv3, bn3, relu: true, values);
        values = arithmetic.Convolve(conv4, bn4, relu: true, values);
        arithmetic.Stage("conv4", values);
        return values.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Pool(INetworkArithmetic arithmetic, Tensor activations)
    {
        using var scope = NewDisposeScope();
        var values = arithmetic.MaxPool(activations, 2);
        if (values.shape[2] != _mapHeight || values.shape[3] != _mapWidth)
        {
            values = arithmetic.AveragePool(values, _mapHeight, _mapWidth);
        }

        return arithmetic.Connect(fc1, relu: true, arithmetic.Flatten(values)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Head(INetworkArithmetic arithmetic, Tensor features) =>
        arithmetic.Connect(fc2, relu: false, features);

    /// <inheritdoc/>
    protected override Classifier CreateLike() => new SmallConvolutionalNetwork(Shape);
}
