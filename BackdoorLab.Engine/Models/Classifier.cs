using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>
/// An image classifier split into features and head, so that every feature-based method works on every model. It takes
/// pixels in [0,1] and normalises inside, so no caller can forget or double the preprocessing. Its fields are
/// state-dict keys and carry PyTorch's names.
/// </summary>
public abstract class Classifier(string name) : nn.Module<Tensor, Tensor>(name)
{
    private Tensor? _channelMask;

    /// <summary>Input and output sizes.</summary>
    public abstract ClassifierShape Shape { get; }

    /// <summary>Length of the penultimate feature vector.</summary>
    public abstract int FeatureCount { get; }

    /// <summary>
    /// Channels of the last convolutional activation (the units that Fine-Pruning ranks); 0 where there is none: in
    /// fully connected networks and in transformers.
    /// </summary>
    public abstract int LastConvChannels { get; }

    /// <summary>
    /// Whether its logits and their gradients are all that can be had of it: no weights, features or layers.
    /// </summary>
    public virtual bool IsOpaque => false;

    /// <summary>
    /// Last convolutional activation after its non-linearity, [N, LastConvChannels, h, w], from pixels in [0,1]
    /// [N,C,H,W]; where <see cref="LastConvChannels"/> is 0 the normalised pixels.
    /// </summary>
    public abstract Tensor Activations(INetworkArithmetic arithmetic, Tensor images);

    /// <summary>Penultimate features [N, FeatureCount] from activations of the same arithmetic.</summary>
    public abstract Tensor Pool(INetworkArithmetic arithmetic, Tensor activations);

    /// <summary>Logits [N, classes] from features [N, FeatureCount] of the same arithmetic.</summary>
    public abstract Tensor Head(INetworkArithmetic arithmetic, Tensor features);

    /// <summary>
    /// Penultimate features [N, FeatureCount] from pixels in [0,1] [N,C,H,W], pruned channels at zero.
    /// </summary>
    public Tensor Features(INetworkArithmetic arithmetic, Tensor images)
    {
        using var scope = NewDisposeScope();
        var activations = Activations(arithmetic, images);
        if (_channelMask is not null)
        {
            activations = arithmetic.Mask(activations, _channelMask);
        }

        return Pool(arithmetic, activations).MoveToOuterDisposeScope();
    }

    /// <summary>Logits [N, classes] from pixels in [0,1] [N,C,H,W].</summary>
    public virtual Tensor Logits(INetworkArithmetic arithmetic, Tensor images)
    {
        using var scope = NewDisposeScope();
        return Head(arithmetic, Features(arithmetic, images)).MoveToOuterDisposeScope();
    }

    /// <summary><see cref="Activations(INetworkArithmetic, Tensor)"/> in float.</summary>
    public Tensor Activations(Tensor images) => Activations(FloatArithmetic.Instance, images);

    /// <summary><see cref="Pool(INetworkArithmetic, Tensor)"/> in float.</summary>
    public Tensor Pool(Tensor activations) => Pool(FloatArithmetic.Instance, activations);

    /// <summary><see cref="Head(INetworkArithmetic, Tensor)"/> in float.</summary>
    public Tensor Head(Tensor features) => Head(FloatArithmetic.Instance, features);

    /// <summary><see cref="Features(INetworkArithmetic, Tensor)"/> in float.</summary>
    public Tensor Features(Tensor images) => Features(FloatArithmetic.Instance, images);

    /// <summary>Logits float [N, classes] from pixels in [0,1] [N,C,H,W], in float.</summary>
    public override Tensor forward(Tensor images) => Logits(FloatArithmetic.Instance, images);

    /// <summary>
    /// Silences channels of the last convolutional activation: those whose entry in <paramref name="keep"/> is false
    /// are multiplied by zero from now on, in training too. Replaces an earlier call. A network without convolutions
    /// has none to silence.
    /// </summary>
    public void PruneChannels(ReadOnlySpan<bool> keep)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(keep.Length, LastConvChannels);
        if (keep.IsEmpty)
        {
            return;
        }

        var mask = new float[keep.Length];
        for (var i = 0; i < mask.Length; i++)
        {
            mask[i] = keep[i] ? 1f : 0f;
        }

        _channelMask?.Dispose();
        _channelMask = tensor(mask).reshape(1, mask.Length, 1, 1).DetachFromDisposeScope();
    }

    /// <summary>
    /// An independent copy: same architecture, weights, statistics, pruned channels and mode, alive outside any dispose
    /// scope. The caller owns it. The process-wide random stream is left as it was.
    /// </summary>
    public Classifier Clone()
    {
        var copy = RandomStream.Untouched(CreateLike);
        WeightsCopy.CopyTo(this, copy);
        copy.train(training);
        return copy;
    }

    /// <summary>Takes over which channels another network of the same architecture has pruned.</summary>
    internal void PruneLike(Classifier other)
    {
        _channelMask?.Dispose();
        _channelMask = other._channelMask?.clone().DetachFromDisposeScope();
    }

    /// <summary>
    /// The largest value of each channel's map, [N, channels]; of a map that is not square the mean over its largest
    /// squares.
    /// </summary>
    private protected static Tensor LargestOfMap(INetworkArithmetic arithmetic, Tensor activations)
    {
        using var scope = NewDisposeScope();
        var side = (int)Math.Min(activations.shape[2], activations.shape[3]);
        var values = arithmetic.MaxPool(activations, side);
        return (
            values.shape[2] * values.shape[3] == 1 ? arithmetic.Flatten(values) : arithmetic.GlobalAverage(values)
        ).MoveToOuterDisposeScope();
    }

    /// <summary>A network of the same architecture with fresh weights. Every discovered architecture has it.</summary>
    protected virtual Classifier CreateLike() => throw new NotSupportedException($"{GetType().Name} cannot be cloned.");

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _channelMask?.Dispose();
        }

        base.Dispose(disposing);
    }
}
