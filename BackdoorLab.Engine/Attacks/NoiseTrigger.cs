using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Attacks;

/// <summary>A trigger that adds the same noise to every image: x' = x + m n, clamped.</summary>
/// <param name="noise">float [C*H*W].</param>
/// <param name="channels">C.</param>
/// <param name="height">H.</param>
/// <param name="width">W.</param>
/// <param name="magnification">m.</param>
internal sealed class NoiseTrigger(float[] noise, int channels, int height, int width, double magnification = 1)
    : Trigger
{
    // Made once: a temporary native scalar can be freed under the call.
    private static readonly Scalar Black = 0f;
    private static readonly Scalar White = 1f;
    private readonly float[] _added = [.. noise.Select(value => (float)(magnification * value))];

    /// <summary>The same noise, as large as it was made.</summary>
    internal NoiseTrigger Unmagnified() => new(noise, channels, height, width);

    /// <inheritdoc/>
    public override Tensor Apply(Tensor images)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return images
            .add(tensor(_added).reshape(1, channels, height, width))
            .clamp_(Black, White)
            .MoveToOuterDisposeScope();
    }
}
