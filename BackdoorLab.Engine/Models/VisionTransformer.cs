using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>What distinguishes one vision transformer from another.</summary>
/// <param name="Patch">Side of a patch in pixels.</param>
/// <param name="Width">Length of a token.</param>
/// <param name="Blocks">Blocks; a multiple of three.</param>
/// <param name="Hidden">Units of each block's hidden layer.</param>
/// <param name="Heads">Heads of each attention; divides the width.</param>
public sealed record TransformerPlan(int Patch, int Width, int Blocks, int Hidden, int Heads);

/// <summary>
/// A vision transformer: one linear map of every patch (a convolution as wide as its stride), a class token before
/// them, learned positions, pre-norm blocks, normalisation of the class token, linear head. Weights start normal with
/// deviation 0.02 (the patches' with the root of one over their inputs), biases, class token and head at zero. Layer
/// normalisation adds 1e-6 to the variance. Names are timm's.
/// </summary>
public sealed class VisionTransformer : Classifier
{
    private const double Deviation = 0.02;
    private const int Stages = 3;

    private readonly PixelNormalization normalize;
    private readonly Parameter cls_token;
    private readonly Parameter pos_embed;
    private readonly NamedModules patch_embed = new();
    private readonly ModuleList<TransformerBlock> blocks = new();
    private readonly LayerNormalization norm;
    private readonly FullyConnected head;
    private readonly Convolution[] _patches;
    private readonly TransformerPlan _plan;
    private readonly int _rows;
    private readonly int _columns;

    /// <summary>Builds the network with fresh weights.</summary>
    /// <param name="shape">Image size; a side that is no multiple of the patch is framed in black to the next.</param>
    /// <param name="plan">Sizes.</param>
    public VisionTransformer(ClassifierShape shape, TransformerPlan plan)
        : base(nameof(VisionTransformer))
    {
        (Shape, _plan) = (shape, plan);
        (_rows, _columns) = (Patches(shape.Height), Patches(shape.Width));
        normalize = new PixelNormalization(shape);
        var patches = new Convolution(shape.Channels, plan.Width, plan.Patch, plan.Patch, hasBias: true, padding: 0);
        Draw(patches.weight, 1 / Math.Sqrt(shape.Channels * plan.Patch * plan.Patch));
        _patches = [patch_embed.Add("proj", patches)];
        cls_token = new Parameter(zeros(1, 1, plan.Width));
        cls_token.DetachFromDisposeScope();
        pos_embed = new Parameter(zeros(1, 1 + _rows * _columns, plan.Width));
        pos_embed.DetachFromDisposeScope();
        Draw(pos_embed, Deviation);
        for (var i = 0; i < plan.Blocks; i++)
        {
            blocks.Add(new TransformerBlock(plan));
        }

        norm = new LayerNormalization(plan.Width);
        head = new FullyConnected(plan.Width, shape.Classes);
        using (no_grad())
        using (NewDisposeScope())
        {
            head.weight.zero_();
            head.bias!.zero_();
        }

        RegisterComponents();
    }

    /// <inheritdoc/>
    public override ClassifierShape Shape { get; }

    /// <inheritdoc/>
    public override int FeatureCount => _plan.Width;

    /// <summary>None: its convolution makes tokens, whose places attention mixes.</summary>
    public override int LastConvChannels => 0;

    /// <inheritdoc/>
    public override Tensor Activations(INetworkArithmetic arithmetic, Tensor images)
    {
        using var framed = BlackFrame.Around(images, _rows * _plan.Patch, _columns * _plan.Patch);
        return arithmetic.Enter(normalize, _patches[0], framed);
    }

    /// <inheritdoc/>
    public override Tensor Pool(INetworkArithmetic arithmetic, Tensor activations)
    {
        using var scope = NewDisposeScope();
        var patches = arithmetic.Convolve(_patches[0], norm: null, relu: false, activations);
        var tokens = arithmetic.Embed(patches, cls_token, pos_embed);
        for (var i = 0; i < blocks.Count; i++)
        {
            var next = blocks[i].Run(arithmetic, tokens);
            tokens.Dispose();
            tokens = next;
            if ((i + 1) % (_plan.Blocks / Stages) == 0)
            {
                arithmetic.Stage($"block{i + 1}", arithmetic.Grid(tokens, _rows, _columns));
            }
        }

        return arithmetic.NormalizeTokens(norm, arithmetic.ClassToken(tokens)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Head(INetworkArithmetic arithmetic, Tensor features) =>
        arithmetic.Connect(head, relu: false, features);

    /// <inheritdoc/>
    protected override Classifier CreateLike() => new VisionTransformer(Shape, _plan);

    /// <summary>A linear layer as transformers start theirs: normal of deviation 0.02, no shift.</summary>
    internal static FullyConnected Linear(int inputs, int outputs)
    {
        var layer = new FullyConnected(inputs, outputs);
        Draw(layer.weight, Deviation);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        layer.bias!.zero_();
        return layer;
    }

    // PyTorch's truncated normal is cut at two units, here a hundred deviations, which no draw reaches: nothing is left
    // to cut. (TorchSharp 0.107's own gave values within 4e-9 of each other when asked for a deviation of 0.02.)
    private static void Draw(Tensor values, double deviation)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        nn.init.normal_(values, 0, deviation);
    }

    private int Patches(int side) => (side + _plan.Patch - 1) / _plan.Patch;
}
