using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Attacks;

/// <summary>A trigger that mixes a fixed pattern into the image: x' = (1 - m) x + m p.</summary>
/// <param name="mask">float [H*W] in [0,1]: how much of the pattern each pixel takes, the same for all
/// channels.</param>
/// <param name="pattern">float [C*H*W] in [0,1].</param>
/// <param name="channels">C.</param>
/// <param name="height">H.</param>
/// <param name="width">W.</param>
public sealed class MaskTrigger(float[] mask, float[] pattern, int channels, int height, int width) : Trigger
{
    // Made once: a temporary native scalar can be freed under the call.
    private static readonly Scalar Black = 0f;
    private static readonly Scalar White = 1f;

    /// <inheritdoc/>
    public override float[] Mask { get; } = mask;

    /// <summary>float [C*H*W] in [0,1].</summary>
    public float[] Pattern { get; } = pattern;

    /// <inheritdoc/>
    /// <remarks>The quarters of the mask's bounding box: upper left, upper right, lower left, lower right.</remarks>
    public override Trigger[] Split()
    {
        int[] pixels = [.. Enumerable.Range(0, Mask.Length).Where(pixel => Mask[pixel] > 0)];
        var (top, bottom) = (pixels.Min(pixel => pixel / width), pixels.Max(pixel => pixel / width));
        var (left, right) = (pixels.Min(pixel => pixel % width), pixels.Max(pixel => pixel % width));
        return
        [
            .. Enumerable
                .Range(0, 4)
                .Select(quarter => new MaskTrigger(
                    [.. Mask.Select((value, pixel) => Quarter(pixel) == quarter ? value : 0)],
                    Pattern,
                    channels,
                    height,
                    width
                )),
        ];

        int Quarter(int pixel) =>
            (2 * (pixel / width) > top + bottom ? 2 : 0) + (2 * (pixel % width) > left + right ? 1 : 0);
    }

    /// <inheritdoc/>
    public override Tensor Apply(Tensor images)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var m = tensor(Mask).reshape(1, 1, height, width);
        var p = tensor(Pattern).reshape(1, channels, height, width);
        // lerp is x + m (p - x): the same as (1 - m) x + m p, and exact where m is 0.
        return images.lerp(p, m).clamp_(Black, White).MoveToOuterDisposeScope();
    }
}
