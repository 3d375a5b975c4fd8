using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Quantization;

/// <summary>Symmetric rounding of weights: zero stays zero, scales come from the largest magnitude.</summary>
internal static class WeightRounding
{
    /// <summary>Largest 8-bit level.</summary>
    public const int Int8Levels = 127;

    // Keeps a channel of zeros from dividing by zero.
    private const float SmallestScale = 1e-30f;

    // Keeps the scale of a channel that normalisation switches off finite; all its weights round to zero.
    private const float SmallestGain = 1e-12f;

    /// <summary>
    /// Scale of PyTorch's per-tensor symmetric int8 observer: largest magnitude over 127.5, at least float epsilon.
    /// </summary>
    public static float Int8Scale(Tensor weight)
    {
        using var scope = NewDisposeScope();
        return Math.Max(weight.detach().abs().max().item<float>() / 127.5f, float.BitIncrement(1) - 1);
    }

    /// <summary>
    /// Largest magnitude over <paramref name="levels"/>: one scale for each output channel (the first dimension) or one
    /// for all, shaped to be divided by.
    /// </summary>
    public static Tensor Scales(Tensor weight, int levels, bool perChannel)
    {
        using var scope = NewDisposeScope();
        var magnitudes = weight.detach().abs();
        var largest = perChannel
            ? magnitudes.amax(
                [.. Enumerable.Range(1, (int)weight.dim() - 1).Select(dimension => (long)dimension)],
                keepdim: true
            )
            : magnitudes.max();
        return largest.div(tensor((float)levels)).maximum(tensor(SmallestScale)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Scales of a layer's own weights, shaped to divide them, when its folded weights share scales as
    /// <paramref name="scheme"/> says. Folding multiplies a whole channel by one gain, scale and weights alike: the
    /// scale of a channel is unchanged by it, and that of a layer is divided by each channel's gain.
    /// </summary>
    public static Tensor Scales(LayerStep step, int levels, WeightScheme scheme)
    {
        if (scheme == WeightScheme.PerChannelSymmetric || step.Norm is null)
        {
            return Scales(step.Layer.weight, levels, scheme == WeightScheme.PerChannelSymmetric);
        }

        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var gain = FoldedLayer.Gain(step.Norm).abs().reshape(-1, 1, 1, 1);
        return Scales(step.Layer.weight.detach().mul(gain), levels, perChannel: false)
            .div(gain.maximum(tensor(SmallestGain)))
            .MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Rounds to the nearest of 2 * <paramref name="levels"/> + 1 values, ties to even, and returns floats. One scale
    /// for each output channel or one for all; a channel of zeros stays zero.
    /// </summary>
    public static Tensor Symmetric(Tensor weight, int levels, bool perChannel)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return Nearest(weight, Scales(weight, levels, perChannel)).MoveToOuterDisposeScope();
    }

    /// <summary>The nearest multiples of <paramref name="scales"/>, ties to even.</summary>
    public static Tensor Nearest(Tensor weight, Tensor scales)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return weight.detach().div(scales).round().mul(scales).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// One scale for each <paramref name="size"/> consecutive weights of an output channel, in the order inputs, rows,
    /// columns, repeated for every weight; the last group of a channel may be shorter.
    /// </summary>
    public static Tensor ScalesByGroup(Tensor weight, int levels, int size)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var rows = weight.detach().reshape(weight.shape[0], -1);
        var missing = (size - rows.shape[1] % size) % size;
        var groups = nn.functional.pad(rows, [0, missing]).reshape(-1, size);
        var scales = Scales(groups, levels, perChannel: true).expand(groups.shape).reshape(weight.shape[0], -1);
        return scales.slice(1, 0, rows.shape[1], 1).reshape(weight.shape).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// A copy in evaluation mode with <paramref name="round"/> of every layer in place of its weights; biases and
    /// normalisation stay as they are. The caller owns it.
    /// </summary>
    public static Classifier FloatModel(Classifier trained, Func<LayerStep, Tensor> round)
    {
        var floatModel = trained.Clone();
        floatModel.eval();
        foreach (var step in LayerStep.InOrder(floatModel))
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            step.Layer.weight.copy_(round(step));
        }

        return floatModel;
    }
}
