using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>
/// An image classifier split into features and head, so that every feature-based method works on every model. It takes pixels in
/// [0,1] and normalises inside, so no caller can forget or double the preprocessing. Its fields are state-dict keys and carry
/// PyTorch's names.
/// </summary>
public abstract class Classifier(string name) : nn.Module<Tensor, Tensor>(name)
{
    private Tensor? _channelMask;

    /// <summary>Input and output sizes.</summary>
    public abstract ClassifierShape Shape { get; }

    /// <summary>Length of the penultimate feature vector.</summary>
    public abstract int FeatureCount { get; }

    /// <summary>Channels of the last convolutional activation (the units that Fine-Pruning ranks); 0 where there is none.</summary>
    public abstract int LastConvChannels { get; }

    /// <summary>Last convolutional activation after its non-linearity, float [N, LastConvChannels, h, w], from pixels in [0,1] [N,C,H,W].</summary>
    public abstract Tensor Activations(Tensor images);

    /// <summary>Penultimate features [N, FeatureCount] from <see cref="Activations"/>.</summary>
    public abstract Tensor Pool(Tensor activations);

    /// <summary>Logits [N, classes] from features [N, FeatureCount].</summary>
    public abstract Tensor Head(Tensor features);

    /// <summary>Penultimate features float [N, FeatureCount] from pixels in [0,1] [N,C,H,W], pruned channels at zero.</summary>
    public Tensor Features(Tensor images)
    {
        var activations = Activations(images);
        if (_channelMask is null)
        {
            return Pool(activations);
        }

        using var scope = NewDisposeScope();
        return Pool(activations.mul(_channelMask.to(activations.dtype))).MoveToOuterDisposeScope();
    }

    /// <summary>Logits float [N, classes] from pixels in [0,1] [N,C,H,W].</summary>
    public override Tensor forward(Tensor images) => Head(Features(images));

    /// <summary>
    /// Silences channels of the last convolutional activation: those whose entry in <paramref name="keep"/> is false are multiplied
    /// by zero from now on, in training too. Replaces an earlier call.
    /// </summary>
    public void PruneChannels(ReadOnlySpan<bool> keep)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(keep.Length, LastConvChannels);
        var mask = new float[keep.Length];
        for (var i = 0; i < mask.Length; i++)
        {
            mask[i] = keep[i] ? 1f : 0f;
        }

        _channelMask?.Dispose();
        _channelMask = tensor(mask).reshape(1, mask.Length, 1, 1).DetachFromDisposeScope();
    }

    /// <summary>
    /// An independent copy: same architecture, weights, statistics, pruned channels and mode, alive outside any dispose scope. The
    /// caller owns it. The process-wide random stream is left as it was.
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

    /// <summary>A network of the same architecture with fresh weights. Every discovered architecture has it.</summary>
    protected virtual Classifier CreateLike() => throw new NotSupportedException($"{GetType().Name} cannot be cloned.");

    /// <summary>Normalised pixels in the number format that a first layer computes in.</summary>
    protected static Tensor InputOf(Tensor normalized, WeightLayer first) =>
        normalized.dtype == first.weight.dtype ? normalized : normalized.to(first.weight.dtype);

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
