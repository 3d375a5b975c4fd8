using BackdoorLab.Engine.Datasets;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>The smallest trigger found that sends images to one class.</summary>
/// <param name="Mask">float [H*W] in [0,1].</param>
/// <param name="Pattern">float [C*H*W] in [0,1], row-major.</param>
/// <param name="Norm">L1 norm of the mask, in pixels.</param>
/// <param name="Success">Share of images sent to the class: on the whole clean holdout where
/// <paramref name="Reached"/>, else on as many as were tried last.</param>
/// <param name="Tried">Images behind <paramref name="Success"/>.</param>
/// <param name="Reached">Whether it reached the success threshold on the whole holdout; otherwise this is the last
/// trigger tried.</param>
/// <param name="Updates">Optimiser updates spent.</param>
internal sealed record ReversedTrigger(
    float[] Mask,
    float[] Pattern,
    double Norm,
    double Success,
    int Tried,
    bool Reached,
    int Updates
)
{
    /// <summary>Puts the trigger on a batch [N,C,H,W] of images of a set.</summary>
    internal Tensor On(Tensor batch, ImageSet set) =>
        batch.lerp(
            tensor(Pattern, new long[] { 1, set.Channels, set.Height, set.Width }),
            tensor(Mask, new long[] { 1, 1, set.Height, set.Width })
        );
}
