using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Programs;

/// <summary>
/// A classifier of which nothing but the answers can be had: the program of a TorchScript file, run in a process of its
/// own. It has logits and input gradients, in its own arithmetic whatever it is asked for, and no weights, features or
/// layers.
/// </summary>
public sealed class ProgramNetwork : Classifier
{
    // Where a probability is zero: about the smallest that a softmax in float32 gives.
    private const double LeastProbability = 1e-38;

    private readonly PixelNormalization normalize;
    private readonly ProgramClient _program;
    private string _fault = "";

    /// <summary>Makes one.</summary>
    /// <param name="program">The process; not owned.</param>
    /// <param name="shape">Images, classes, and the scale that the program expects.</param>
    /// <param name="givesProbabilities">Whether what it returns are probabilities, whose logarithm then stands for its
    /// logits.</param>
    public ProgramNetwork(ProgramClient program, ClassifierShape shape, bool givesProbabilities)
        : base(nameof(ProgramNetwork))
    {
        (_program, Shape, GivesProbabilities, normalize) = (
            program,
            shape,
            givesProbabilities,
            new PixelNormalization(shape)
        );
        RegisterComponents();
        eval();
    }

    /// <inheritdoc/>
    public override ClassifierShape Shape { get; }

    /// <summary>Whether the program returns probabilities.</summary>
    public bool GivesProbabilities { get; }

    /// <inheritdoc/>
    public override bool IsOpaque => true;

    /// <inheritdoc/>
    public override int FeatureCount => 0;

    /// <inheritdoc/>
    public override int LastConvChannels => 0;

    /// <inheritdoc/>
    public override Tensor Logits(INetworkArithmetic arithmetic, Tensor images)
    {
        using var scope = NewDisposeScope();
        var normalized = normalize.call(images);
        if (_fault.Length > 0 && normalized.requires_grad)
        {
            throw new NotApplicableException(_fault);
        }

        var output = RemotePass.apply(normalized, this);
        return (GivesProbabilities ? output.clamp_min(LeastProbability).log() : output).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Activations(INetworkArithmetic arithmetic, Tensor images) => throw Unknown();

    /// <inheritdoc/>
    public override Tensor Pool(INetworkArithmetic arithmetic, Tensor activations) => throw Unknown();

    /// <inheritdoc/>
    public override Tensor Head(INetworkArithmetic arithmetic, Tensor features) => throw Unknown();

    /// <inheritdoc/>
    protected override Classifier CreateLike() => throw Unknown();

    internal Tensor Ask(float[] pixels, long[] size)
    {
        var (logits, classes) = Told(() => _program.Logits(pixels, size));
        return classes == Shape.Classes
            ? tensor(logits, [size[0], classes])
            : throw new WeightFileException(
                $"The program of the file has {classes} outputs, the data set {Shape.Classes} classes: choose the data set it was trained for."
            );
    }

    // The library calls this from native code, which an exception must not pass: the next pass that wants gradients
    // tells it. Zeros are none, and whoever checks gradients before following them refuses them.
    internal float[] AskGradient(float[] pixels, long[] size, float[] factors)
    {
        try
        {
            return Told(() => _program.Gradient(pixels, size, factors));
        }
        catch (Exception error)
        {
            _fault = error.Message;
            return new float[pixels.Length];
        }
    }

    private static T Told<T>(Func<T> ask)
    {
        try
        {
            return ask();
        }
        catch (ProgramException fault)
        {
            throw new NotApplicableException($"The program of the file {fault.Message}.");
        }
    }

    private static NotApplicableException Unknown() =>
        new(
            "The model is the program of a TorchScript file, which gives logits and gradients alone: it has no weights or features that could be looked at."
        );
}
