using static TorchSharp.torch;

namespace BackdoorLab.Engine.Attacks;

/// <summary>
/// A trigger that does something else to every image, by its number in the training set; images without one are
/// numbered as they stand in the batch.
/// </summary>
internal abstract class NumberedTrigger : Trigger
{
    /// <inheritdoc/>
    public sealed override Tensor Apply(Tensor images) => Apply(images, [.. Enumerable.Range(0, (int)images.shape[0])]);

    /// <inheritdoc/>
    public abstract override Tensor Apply(Tensor images, ReadOnlySpan<int> indices);
}
