using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>Two 3x3 convolutions and a shortcut.</summary>
public abstract class ResidualBlock(string name) : nn.Module<Tensor, Tensor>(name)
{
    /// <summary>The block's steps.</summary>
    protected abstract Tensor Steps(INetworkArithmetic arithmetic, Tensor input);

    /// <summary>Runs the block. Intermediates die with it, so that evaluation reuses warm memory.</summary>
    public Tensor Run(INetworkArithmetic arithmetic, Tensor input)
    {
        using var scope = NewDisposeScope();
        return Steps(arithmetic, input).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public sealed override Tensor forward(Tensor input) => Run(FloatArithmetic.Instance, input);
}

/// <summary>The block of He et al. 2016a: convolution, normalisation, ReLU; rectified after the sum.</summary>
public sealed class BasicBlock : ResidualBlock
{
    private readonly Convolution conv1;
    private readonly BatchNorm2d bn1;
    private readonly Convolution conv2;
    private readonly BatchNorm2d bn2;
    private readonly ModuleList<nn.Module<Tensor, Tensor>> shortcut = new();

    /// <summary>
    /// Makes the block; the shortcut is a 1x1 convolution with normalisation where size or width change.
    /// </summary>
    public BasicBlock(int inputs, int outputs, int stride)
        : base(nameof(BasicBlock))
    {
        conv1 = new Convolution(inputs, outputs, 3, stride);
        bn1 = new BatchNorm2d(outputs);
        conv2 = new Convolution(outputs, outputs, 3);
        bn2 = new BatchNorm2d(outputs);
        if (stride != 1 || inputs != outputs)
        {
            shortcut.Add(new Convolution(inputs, outputs, 1, stride));
            shortcut.Add(new BatchNorm2d(outputs));
        }

        RegisterComponents();
    }

    /// <inheritdoc/>
    protected override Tensor Steps(INetworkArithmetic arithmetic, Tensor input)
    {
        var values = arithmetic.Convolve(conv1, bn1, relu: true, input);
        values = arithmetic.Convolve(conv2, bn2, relu: false, values);
        var side =
            shortcut.Count == 0
                ? input
                : arithmetic.Convolve((Convolution)shortcut[0], (BatchNorm2d)shortcut[1], relu: false, input);
        return arithmetic.Add(values, side, relu: true);
    }
}

/// <summary>
/// The block of He et al. 2016b: normalisation and ReLU before each convolution, nothing after the sum.
/// </summary>
public sealed class PreActivationBlock : ResidualBlock
{
    private readonly BatchNorm2d bn1;
    private readonly Convolution conv1;
    private readonly BatchNorm2d bn2;
    private readonly Convolution conv2;
    private readonly ModuleList<nn.Module<Tensor, Tensor>> shortcut = new();

    /// <summary>
    /// Makes the block; the shortcut is a 1x1 convolution of the pre-activated input where size or width change.
    /// </summary>
    public PreActivationBlock(int inputs, int outputs, int stride)
        : base(nameof(PreActivationBlock))
    {
        bn1 = new BatchNorm2d(inputs);
        conv1 = new Convolution(inputs, outputs, 3, stride);
        bn2 = new BatchNorm2d(outputs);
        conv2 = new Convolution(outputs, outputs, 3);
        if (stride != 1 || inputs != outputs)
        {
            shortcut.Add(new Convolution(inputs, outputs, 1, stride));
        }

        RegisterComponents();
    }

    /// <inheritdoc/>
    protected override Tensor Steps(INetworkArithmetic arithmetic, Tensor input)
    {
        var active = arithmetic.Normalize(bn1, relu: true, input);
        var side =
            shortcut.Count == 0
                ? input
                : arithmetic.Convolve((Convolution)shortcut[0], norm: null, relu: false, active);
        var values = arithmetic.Convolve(conv1, bn2, relu: true, active);
        return arithmetic.Add(arithmetic.Convolve(conv2, norm: null, relu: false, values), side, relu: false);
    }
}
