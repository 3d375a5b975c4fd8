using static TorchSharp.torch;

namespace BackdoorLab.Engine.Attacks;

/// <summary>What an attacker does to an image. A pure function of pixels, and of an image's number in
/// the training set where it has one.</summary>
public abstract class Trigger
{
    /// <summary>
    /// Stamps every image of a batch: float [N,C,H,W] in [0,1] in, the same out (a new tensor, clamped to [0,1]).
    /// </summary>
    public abstract Tensor Apply(Tensor images);

    /// <summary>
    /// The same for training images whose numbers in the set are known. A trigger that does something else to every
    /// training image draws by them, so that an image gets the same whatever batch it comes in.
    /// </summary>
    /// <param name="images">float [n,C,H,W] in [0,1].</param>
    /// <param name="indices">Their numbers in the training set.</param>
    public virtual Tensor Apply(Tensor images, ReadOnlySpan<int> indices) => Apply(images);

    /// <summary>
    /// The trigger's ground-truth mask float [H*W] in [0,1] for triggers that have one (compared with reversed
    /// triggers), else null.
    /// </summary>
    public virtual float[]? Mask => null;

    /// <summary>
    /// The trigger in four parts that together are the whole, for attackers who share it out (DBA); null where it
    /// cannot be split.
    /// </summary>
    public virtual Trigger[]? Split() => null;
}
