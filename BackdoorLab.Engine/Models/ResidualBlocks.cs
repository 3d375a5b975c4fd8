using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>Two 3x3 convolutions and a shortcut. Intermediates die with the block, so that evaluation reuses warm memory.</summary>
public abstract class ResidualBlock(string name) : nn.Module<Tensor, Tensor>(name)
{
    // Both operands given: the overload without a factor makes a temporary native scalar per call.
    private static readonly Scalar One = 1;

    /// <summary>The block's arithmetic, inside a scope of its own.</summary>
    protected abstract Tensor Run(Tensor input);

    /// <inheritdoc/>
    public sealed override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return Run(input).MoveToOuterDisposeScope();
    }

    /// <summary>Rectifies in place.</summary>
    protected static Tensor Relu(Tensor values) => nn.functional.relu(values, inplace: true);

    /// <summary>Adds <paramref name="shortcut"/> to <paramref name="values"/> in place.</summary>
    protected static Tensor Add(Tensor values, Tensor shortcut) => values.add_(shortcut, One);
}

/// <summary>The block of He et al. 2016a: convolution, normalisation, rectifier; rectified after the sum.</summary>
public sealed class BasicBlock : ResidualBlock
{
    private readonly Convolution conv1;
    private readonly BatchNorm2d bn1;
    private readonly Convolution conv2;
    private readonly BatchNorm2d bn2;
    private readonly ModuleList<nn.Module<Tensor, Tensor>> shortcut = new();

    /// <summary>Makes the block; the shortcut is a 1x1 convolution with normalisation where size or width change.</summary>
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
    protected override Tensor Run(Tensor input)
    {
        var values = Relu(bn1.call(conv1.call(input)));
        values = bn2.call(conv2.call(values));
        var side = shortcut.Aggregate(input, (tensor, layer) => layer.call(tensor));
        return Relu(Add(values, side));
    }
}

/// <summary>The block of He et al. 2016b: normalisation and rectifier before each convolution, nothing after the sum.</summary>
public sealed class PreActivationBlock : ResidualBlock
{
    private readonly BatchNorm2d bn1;
    private readonly Convolution conv1;
    private readonly BatchNorm2d bn2;
    private readonly Convolution conv2;
    private readonly ModuleList<nn.Module<Tensor, Tensor>> shortcut = new();

    /// <summary>Makes the block; the shortcut is a 1x1 convolution of the pre-activated input where size or width change.</summary>
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
    protected override Tensor Run(Tensor input)
    {
        var active = Relu(bn1.call(input));
        var side = shortcut.Count > 0 ? shortcut[0].call(active) : input;
        var values = Relu(bn2.call(conv1.call(active)));
        return Add(conv2.call(values), side);
    }
}
