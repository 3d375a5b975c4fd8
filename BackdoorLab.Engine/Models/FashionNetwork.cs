using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>
/// FashionMNIST network of the Lockdown release: convolution 5x5 (32), ReLU, normalisation, pool; convolution 3x3 (64)
/// with two pixels of padding, ReLU, normalisation, pool; hidden layer of 4096 units; linear head. Convolutions have
/// biases and are Xavier-initialised (uniform).
/// </summary>
public sealed class FashionNetwork : Classifier
{
    private const int Hidden = 4096;
    private const int LargestMap = 8;

    private readonly PixelNormalization normalize;
    private readonly Convolution conv1;
    private readonly BatchNorm2d bn1;
    private readonly Convolution conv2;
    private readonly BatchNorm2d bn2;
    private readonly FullyConnected fc1;
    private readonly FullyConnected fc2;
    private readonly int _mapHeight;
    private readonly int _mapWidth;
    private readonly bool _batchStatistics;

    /// <summary>Builds the network with fresh weights.</summary>
    /// <param name="shape">Image size; at least 4 x 4.</param>
    /// <param name="batchStatistics">Whether normalisation keeps no running statistics.</param>
    public FashionNetwork(ClassifierShape shape, bool batchStatistics)
        : base(nameof(FashionNetwork))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Math.Min(shape.Height, shape.Width), 4, nameof(shape));
        (Shape, _batchStatistics) = (shape, batchStatistics);
        (_mapHeight, _mapWidth) = (Map(shape.Height), Map(shape.Width));
        normalize = new PixelNormalization(shape);
        conv1 = Xavier(new Convolution(shape.Channels, 32, 5, hasBias: true));
        bn1 = new BatchNorm2d(32, batchStatistics);
        conv2 = Xavier(new Convolution(32, 64, 3, hasBias: true, padding: 2));
        bn2 = new BatchNorm2d(64, batchStatistics);
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
        var values = arithmetic.Convolve(conv1, null, relu: true, arithmetic.Enter(normalize, conv1, images));
        values = arithmetic.MaxPool(arithmetic.Normalize(bn1, relu: false, values), 2);
        arithmetic.Stage("conv1", values);
        values = arithmetic.Convolve(conv2, null, relu: true, values);
        arithmetic.Stage("conv2", values);
        return values.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Pool(INetworkArithmetic arithmetic, Tensor activations)
    {
        using var scope = NewDisposeScope();
        var values = arithmetic.MaxPool(arithmetic.Normalize(bn2, relu: false, activations), 2);
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
    protected override Classifier CreateLike() => new FashionNetwork(Shape, _batchStatistics);

    // Halved, two pixels wider by the padding, halved again.
    private static int Map(int side) => Math.Min(LargestMap, (side / 2 + 2) / 2);

    private static Convolution Xavier(Convolution layer)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        nn.init.xavier_uniform_(layer.weight);
        return layer;
    }
}
