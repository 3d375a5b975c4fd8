using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>What distinguishes one residual network from another.</summary>
/// <param name="Widths">Channels of each stage; every stage after the first halves the image.</param>
/// <param name="BlocksPerStage">Blocks in each stage.</param>
/// <param name="PreActivation">Pre-activation blocks, no normalisation after the stem and none after the last
/// block.</param>
/// <param name="LargeStem">The stem for ImageNet: 7x7 at stride 2, then a 3x3 max pool at stride 2.</param>
public sealed record ResidualPlan(
    IReadOnlyList<int> Widths,
    int BlocksPerStage,
    bool PreActivation = false,
    bool LargeStem = false
);

/// <summary>
/// A residual network: stem, stages at halved size, global average pool, one linear head. The stem is that of the CIFAR
/// form, 3x3 without pooling, unless the plan asks for ImageNet's. Takes any image size.
/// </summary>
public sealed class ResidualNetwork : Classifier
{
    private readonly PixelNormalization normalize;
    private readonly Convolution conv1;
    private readonly BatchNorm2d? bn1;
    private readonly FullyConnected linear;
    private readonly ResidualBlock[] _blocks;
    private readonly ResidualPlan _plan;

    /// <summary>Builds the network with fresh weights.</summary>
    public ResidualNetwork(ClassifierShape shape, ResidualPlan plan)
        : base(nameof(ResidualNetwork))
    {
        Shape = shape;
        _plan = plan;
        normalize = new PixelNormalization(shape);
        conv1 = plan.LargeStem
            ? new Convolution(shape.Channels, plan.Widths[0], 7, stride: 2)
            : new Convolution(shape.Channels, plan.Widths[0], 3);
        bn1 = plan.PreActivation ? null : new BatchNorm2d(plan.Widths[0]);
        var blocks = new List<ResidualBlock>();
        var inputs = plan.Widths[0];
        for (var stage = 0; stage < plan.Widths.Count; stage++)
        {
            var layer = new ModuleList<ResidualBlock>();
            for (var i = 0; i < plan.BlocksPerStage; i++)
            {
                layer.Add(Block(inputs, plan.Widths[stage], i == 0 && stage > 0 ? 2 : 1));
                inputs = plan.Widths[stage];
            }

            blocks.AddRange(layer);
            register_module($"layer{stage + 1}", layer);
        }

        _blocks = [.. blocks];
        linear = new FullyConnected(inputs, shape.Classes);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override ClassifierShape Shape { get; }

    /// <inheritdoc/>
    public override int FeatureCount => _plan.Widths[^1];

    /// <inheritdoc/>
    public override int LastConvChannels => _plan.Widths[^1];

    /// <inheritdoc/>
    public override Tensor Activations(INetworkArithmetic arithmetic, Tensor images)
    {
        using var scope = NewDisposeScope();
        var pixels = arithmetic.Enter(normalize, conv1, images);
        var values = arithmetic.Convolve(conv1, bn1, relu: bn1 is not null, pixels);
        if (_plan.LargeStem)
        {
            values = arithmetic.MaxPool(values, 3, stride: 2, padding: 1);
        }

        for (var i = 0; i < _blocks.Length; i++)
        {
            var next = _blocks[i].Run(arithmetic, values);
            values.Dispose();
            values = next;
            if ((i + 1) % _plan.BlocksPerStage == 0)
            {
                arithmetic.Stage($"layer{(i + 1) / _plan.BlocksPerStage}", values);
            }
        }

        return values.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Pool(INetworkArithmetic arithmetic, Tensor activations) =>
        arithmetic.GlobalAverage(activations);

    /// <inheritdoc/>
    public override Tensor Head(INetworkArithmetic arithmetic, Tensor features) =>
        arithmetic.Connect(linear, relu: false, features);

    /// <inheritdoc/>
    protected override Classifier CreateLike() => new ResidualNetwork(Shape, _plan);

    private ResidualBlock Block(int inputs, int outputs, int stride) =>
        _plan.PreActivation ? new PreActivationBlock(inputs, outputs, stride) : new BasicBlock(inputs, outputs, stride);
}
