using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>What distinguishes one densely connected network from another.</summary>
/// <param name="Layers">Layers of each block.</param>
/// <param name="Growth">Channels that a layer adds; the stem has twice as many.</param>
/// <param name="Form">
/// Small: 3x3 stem without normalisation or pooling. ImageNet: 7x7 stem at stride 2 with normalisation, ReLU and a 3x3
/// max pool at stride 2.
/// </param>
public sealed record DensePlan(IReadOnlyList<int> Layers, int Growth, NetworkForm Form);

/// <summary>
/// A densely connected network with bottlenecks and halving transitions (DenseNet-BC): four blocks, last normalisation
/// and ReLU, mean of the map, linear head. Names are torchvision's.
/// </summary>
public sealed class DenseNetwork : Classifier
{
    private readonly PixelNormalization normalize;
    private readonly NamedModules features = new();
    private readonly FullyConnected classifier;
    private readonly DensePlan _plan;
    private readonly (Convolution Convolution, BatchNorm2d? Norm)[] _stem;
    private readonly (DenseBlock Block, DenseTransition? Transition)[] _blocks;
    private readonly BatchNorm2d[] _last;

    /// <summary>Builds the network with fresh weights.</summary>
    public DenseNetwork(ClassifierShape shape, DensePlan plan)
        : base(nameof(DenseNetwork))
    {
        (Shape, _plan) = (shape, plan);
        normalize = new PixelNormalization(shape);
        var channels = 2 * plan.Growth;
        _stem =
        [
            plan.Form == NetworkForm.Small
                ? (features.Add("conv0", new Convolution(shape.Channels, channels, 3)), null)
                : (
                    features.Add("conv0", new Convolution(shape.Channels, channels, 7, stride: 2)),
                    features.Add("norm0", new BatchNorm2d(channels))
                ),
        ];
        _blocks = new (DenseBlock, DenseTransition?)[plan.Layers.Count];
        for (var i = 0; i < _blocks.Length; i++)
        {
            var block = features.Add($"denseblock{i + 1}", new DenseBlock(channels, plan.Layers[i], plan.Growth));
            channels += plan.Layers[i] * plan.Growth;
            var transition =
                i + 1 < _blocks.Length ? features.Add($"transition{i + 1}", new DenseTransition(channels)) : null;
            _blocks[i] = (block, transition);
            channels = transition is null ? channels : channels / 2;
        }

        _last = [features.Add("norm5", new BatchNorm2d(channels))];
        classifier = new FullyConnected(channels, shape.Classes);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override ClassifierShape Shape { get; }

    /// <inheritdoc/>
    public override int FeatureCount => (int)classifier.weight.shape[1];

    /// <inheritdoc/>
    public override int LastConvChannels => FeatureCount;

    /// <inheritdoc/>
    public override Tensor Activations(INetworkArithmetic arithmetic, Tensor images)
    {
        using var scope = NewDisposeScope();
        var (stem, norm) = _stem[0];
        var values = arithmetic.Convolve(stem, norm, relu: norm is not null, arithmetic.Enter(normalize, stem, images));
        if (_plan.Form == NetworkForm.ImageNet)
        {
            values = Replaced(values, arithmetic.MaxPool(values, 3, stride: 2, padding: 1));
        }

        for (var i = 0; i < _blocks.Length; i++)
        {
            values = Replaced(values, _blocks[i].Block.Run(arithmetic, values));
            arithmetic.Stage($"denseblock{i + 1}", values);
            if (_blocks[i].Transition is { } transition)
            {
                values = Replaced(values, transition.Run(arithmetic, values));
            }
        }

        return arithmetic.Normalize(_last[0], relu: true, values).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Pool(INetworkArithmetic arithmetic, Tensor activations) =>
        arithmetic.GlobalAverage(activations);

    /// <inheritdoc/>
    public override Tensor Head(INetworkArithmetic arithmetic, Tensor features) =>
        arithmetic.Connect(classifier, relu: false, features);

    /// <inheritdoc/>
    protected override Classifier CreateLike() => new DenseNetwork(Shape, _plan);

    // Gives memory back as soon as evaluation is past it; training keeps what gradients need.
    private static Tensor Replaced(Tensor old, Tensor values)
    {
        old.Dispose();
        return values;
    }
}
