using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>
/// Four normalised 3x3 convolutions (32-32-64-64) with two max pools, one hidden layer of 128 units and a linear head. Larger images
/// are averaged to an 8x8 map before the hidden layer, so its size does not grow with them.
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
    public override Tensor Activations(Tensor images)
    {
        using var scope = NewDisposeScope();
        var values = Unit(conv1, bn1, InputOf(normalize.call(images), conv1));
        values = nn.functional.max_pool2d(Unit(conv2, bn2, values), 2);
        values = Unit(conv3, bn3, values);
        return Unit(conv4, bn4, values).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Pool(Tensor activations)
    {
        using var scope = NewDisposeScope();
        var values = nn.functional.max_pool2d(activations, 2);
        if (values.shape[2] != _mapHeight || values.shape[3] != _mapWidth)
        {
            values = nn.functional.adaptive_avg_pool2d(values, [_mapHeight, _mapWidth]);
        }

        values = fc1.call(values.reshape(values.shape[0], -1));
        return nn.functional.relu(values, inplace: true).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Head(Tensor features) => fc2.call(features);

    /// <inheritdoc/>
    protected override Classifier CreateLike() => new SmallConvolutionalNetwork(Shape);

    private static Tensor Unit(Convolution convolution, BatchNorm2d norm, Tensor input) =>
        nn.functional.relu(norm.call(convolution.call(input)), inplace: true);
}
