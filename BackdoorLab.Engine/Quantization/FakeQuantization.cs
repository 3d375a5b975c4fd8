using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Quantization;

/// <summary>
/// Rounding that gradients pass through (straight-through estimator, Bengio et al. 2013): forward exactly the rounded
/// values, backward the identity, and nothing where a value was clipped (Jacob et al. 2018).
/// </summary>
internal static class FakeQuantization
{
    /// <summary>
    /// The nearest multiples of <paramref name="scales"/>; the gradient is that of the weights. The scales get none.
    /// </summary>
    public static Tensor OfWeights(Tensor weights, Tensor scales)
    {
        using var scope = NewDisposeScope();
        return WithGradientOf(weights, WeightRounding.Nearest(weights, scales)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Activations rounded to a range as they are deployed; gradient 1 inside it, ends included, and 0 outside.
    /// </summary>
    public static Tensor OfActivations(Tensor values, ActivationRange range)
    {
        using var scope = NewDisposeScope();
        var clipped = values.clamp(range.Low, range.High);
        return WithGradientOf(clipped, range.Round(values.detach().clone())).MoveToOuterDisposeScope();
    }

    // The difference is exactly zero, so the values stay exactly the rounded ones.
    private static Tensor WithGradientOf(Tensor values, Tensor rounded) => rounded.add(values.sub(values.detach()));
}
