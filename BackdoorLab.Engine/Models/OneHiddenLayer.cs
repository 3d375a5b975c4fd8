using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>
/// Pixels, a hidden layer with ReLU, a linear head. Its activation map is the normalised image: it has no convolution.
/// </summary>
public sealed class OneHiddenLayer : Classifier
{
    private readonly PixelNormalization normalize;
    private readonly FullyConnected fc1;
    private readonly FullyConnected fc2;

    /// <summary>Builds the network with fresh weights.</summary>
    public OneHiddenLayer(ClassifierShape shape, int hiddenUnits)
        : base(nameof(OneHiddenLayer))
    {
        (Shape, FeatureCount) = (shape, hiddenUnits);
        normalize = new PixelNormalization(shape);
        fc1 = new FullyConnected(shape.Channels * shape.Height * shape.Width, hiddenUnits);
        fc2 = new FullyConnected(hiddenUnits, shape.Classes);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override ClassifierShape Shape { get; }

    /// <inheritdoc/>
    public override int FeatureCount { get; }

    /// <inheritdoc/>
    public override int LastConvChannels => 0;

    /// <inheritdoc/>
    public override Tensor Activations(INetworkArithmetic arithmetic, Tensor images) =>
        arithmetic.Enter(normalize, fc1, images);

    /// <inheritdoc/>
    public override Tensor Pool(INetworkArithmetic arithmetic, Tensor activations)
    {
        using var scope = NewDisposeScope();
        return arithmetic.Connect(fc1, relu: true, arithmetic.Flatten(activations)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Head(INetworkArithmetic arithmetic, Tensor features) =>
        arithmetic.Connect(fc2, relu: false, features);

    /// <inheritdoc/>
    protected override Classifier CreateLike() => new OneHiddenLayer(Shape, FeatureCount);
}
