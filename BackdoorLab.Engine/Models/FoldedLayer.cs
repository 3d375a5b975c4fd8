using BackdoorLab.Engine.Core;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>
/// A convolution with the batch normalisation after it folded in: in evaluation mode both are one affine map per
/// channel.
/// </summary>
internal static class FoldedLayer
{
    /// <summary>
    /// Weights and bias [outputs] of the one convolution. With gain g = scale / sqrt(variance + epsilon): weights * g,
    /// and shift + (bias - mean) * g. Without a norm, the layer's own.
    /// </summary>
    public static (Tensor Weight, Tensor Bias) Of(Convolution layer, BatchNorm2d? norm)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var bias = layer.bias is null ? zeros(layer.weight.shape[0]) : layer.bias.detach().alias();
        if (norm is null)
        {
            return (layer.weight.detach().MoveToOuterDisposeScope(), bias.MoveToOuterDisposeScope());
        }

        var gain = Gain(norm);
        var weight = layer.weight.detach() * gain.reshape(-1, 1, 1, 1);
        var shift = norm.bias.detach() + (bias - norm.running_mean) * gain;
        return (weight.MoveToOuterDisposeScope(), shift.MoveToOuterDisposeScope());
    }

    /// <summary>
    /// What a normalisation multiplies each channel by in evaluation mode: scale / sqrt(variance + epsilon), [outputs].
    /// </summary>
    /// <exception cref="NotApplicableException">It has no evaluation mode of its own.</exception>
    public static Tensor Gain(BatchNorm2d norm)
    {
        RequireFixed(norm);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return (norm.weight.detach() / (norm.running_var + norm.Eps).sqrt()).MoveToOuterDisposeScope();
    }

    /// <summary>Refuses a normalisation that has no evaluation mode of its own.</summary>
    /// <exception cref="NotApplicableException">It normalises by the batch at hand.</exception>
    public static void RequireFixed(BatchNorm2d norm)
    {
        if (norm.UsesBatchStatistics)
        {
            throw new NotApplicableException(
                "The network normalises by the batch at hand, which is no fixed map: its normalisation can neither be folded into convolutions nor run on integer kernels. Take the variant with running statistics."
            );
        }
    }
}
