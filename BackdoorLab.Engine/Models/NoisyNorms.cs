using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>Factors of the channels of one layer: what each is multiplied by, and its shift.</summary>
/// <param name="Scale">float [channels]; 1 changes nothing.</param>
/// <param name="Shift">float [channels]; 1 changes nothing.</param>
internal sealed record ChannelFactors(Tensor Scale, Tensor Shift);

/// <summary>
/// Float arithmetic in which the channels of layers have factors, and gradients reach those: scale and shift of each
/// batch normalisation, or the output and the bias of a convolution in a network without any.
/// </summary>
/// <param name="factors">Factors of a <see cref="BatchNorm2d"/> or <see cref="Convolution"/>; null leaves it as it
/// is.</param>
/// <param name="batchStatistics">
/// Whether normalisation takes the statistics of the batch, as in training; the running ones then stay as they are.
/// </param>
internal sealed class NoisyNorms(Func<nn.Module, ChannelFactors?> factors, bool batchStatistics) : FloatArithmetic
{
    /// <inheritdoc/>
    public override Tensor Convolve(Convolution layer, BatchNorm2d? norm, bool relu, Tensor input)
    {
        var values = layer.call(input);
        if (norm is not null)
        {
            return ReluIf(Normalized(norm, values), relu);
        }

        if (factors(layer) is { } own)
        {
            // The bias is added already: what it gets beyond itself comes on top.
            values = values.mul(own.Scale.reshape(1, -1, 1, 1).to_type(values.dtype));
            if (layer.bias is { } bias)
            {
                var added = bias.mul(own.Shift.sub(own.Scale)).reshape(1, -1, 1, 1);
                values = values.add(added.to_type(values.dtype));
            }
        }

        return ReluIf(values, relu);
    }

    /// <inheritdoc/>
    public override Tensor Normalize(BatchNorm2d norm, bool relu, Tensor input) =>
        ReluIf(Normalized(norm, input), relu);

    private Tensor Normalized(BatchNorm2d norm, Tensor input)
    {
        var own = factors(norm);
        var (scale, shift) = own is null
            ? ((Tensor)norm.weight, (Tensor)norm.bias)
            : (norm.weight.mul(own.Scale), norm.bias.mul(own.Shift));
        var batch = batchStatistics || norm.UsesBatchStatistics;
        return nn.functional.batch_norm(
            input,
            batch ? null : norm.running_mean,
            batch ? null : norm.running_var,
            scale,
            shift,
            training: batch,
            norm.Momentum,
            norm.Eps
        );
    }
}
