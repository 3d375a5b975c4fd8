using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Attacks;

/// <summary>
/// A trigger that two frozen networks make for each image: a pattern, and a mask of where it shows, x' = x + (G(x) - x)
/// M(x), with the mask pressed towards 0 and 1.
/// </summary>
internal sealed class GeneratedTrigger : Trigger
{
    // Made once: a temporary native scalar can be freed under the call.
    private static readonly Scalar Steepness = 40f;
    private static readonly Scalar Middle = 0.5f;
    private static readonly Scalar Black = 0f;
    private static readonly Scalar White = 1f;

    private readonly Func<Tensor, Tensor> _mask;
    private readonly Func<Tensor, Tensor> _pattern;

    /// <param name="weights">Both networks' folded weights, the mask's first, as bytes.</param>
    /// <param name="mask">Sizes of the mask's.</param>
    /// <param name="pattern">Sizes of the pattern's.</param>
    internal GeneratedTrigger(byte[] weights, PatternShape mask, PatternShape pattern)
    {
        var values = MemoryMarshal.Cast<byte, float>(weights);
        ArgumentOutOfRangeException.ThrowIfNotEqual(
            values.Length,
            PatternNetwork.CountOf(mask) + PatternNetwork.CountOf(pattern),
            nameof(weights)
        );
        _mask = PatternNetwork.Frozen(mask, values);
        _pattern = PatternNetwork.Frozen(pattern, values[PatternNetwork.CountOf(mask)..]);
    }

    /// <summary>The mask as it is used: tanh(20 m - 10) / 2 + 1/2 of the network's output m.</summary>
    internal static Tensor Pressed(Tensor mask)
    {
        using var scope = NewDisposeScope();
        return mask.sub(Middle).mul(Steepness).sigmoid().MoveToOuterDisposeScope();
    }

    /// <summary>x + (p - x) m.</summary>
    internal static Tensor Blend(Tensor images, Tensor pattern, Tensor mask)
    {
        using var scope = NewDisposeScope();
        return images.add(pattern.sub(images).mul(mask)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Apply(Tensor images) => Apply(images, of: images);

    /// <summary>Stamps images with the trigger that was made for others.</summary>
    /// <param name="images">float [n,C,H,W] in [0,1].</param>
    /// <param name="of">As many images that the trigger is made for.</param>
    internal Tensor Apply(Tensor images, Tensor of)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return Blend(images, _pattern(of), Pressed(_mask(of))).clamp_(Black, White).MoveToOuterDisposeScope();
    }

    /// <summary>The trigger of another image of the attacker's for each.</summary>
    internal Trigger OfOthers(PoisonChoice choice) => new Crossed(this, choice);

    private sealed class Crossed(GeneratedTrigger own, PoisonChoice choice) : NumberedTrigger
    {
        public override Tensor Apply(Tensor images, ReadOnlySpan<int> indices)
        {
            using var scope = NewDisposeScope();
            return own.Apply(images, choice.Others(indices, "crossed")).MoveToOuterDisposeScope();
        }
    }
}
