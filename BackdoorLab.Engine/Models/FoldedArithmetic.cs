using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>
/// Float arithmetic of a frozen network in evaluation mode, for many passes with gradients to the input: each
/// convolution and the normalisation after it are one convolution, made when it is first met. The same map up to
/// rounding with about a third of the operations gone, in both directions. Later changes of the network's weights are
/// not seen.
/// </summary>
/// <param name="bfloat16">Convolutions in bfloat16: faster, and another arithmetic.</param>
internal sealed class FoldedArithmetic(bool bfloat16 = false) : FloatArithmetic, IDisposable
{
    private readonly Dictionary<Convolution, (Tensor Weight, Tensor Bias)> _folded = [];

    /// <inheritdoc/>
    public override Tensor Convolve(Convolution layer, BatchNorm2d? norm, bool relu, Tensor input)
    {
        if (!_folded.TryGetValue(layer, out var folded))
        {
            _folded[layer] = folded = Fold(layer, norm);
        }

        return ReluIf(
            Applied(values => layer.Apply(values, folded.Weight, folded.Bias), folded.Weight.dtype, input),
            relu
        );
    }

    /// <inheritdoc/>
    public override Tensor Connect(FullyConnected layer, bool relu, Tensor input) =>
        ReluIf(Applied(layer.call, layer.weight.dtype, input), relu);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (weight, bias) in _folded.Values)
        {
            weight.Dispose();
            bias.Dispose();
        }
    }

    private static Tensor Applied(Func<Tensor, Tensor> layer, ScalarType type, Tensor input)
    {
        if (input.dtype == type)
        {
            return layer(input);
        }

        using var scope = NewDisposeScope();
        return layer(input.to(type)).MoveToOuterDisposeScope();
    }

    private (Tensor Weight, Tensor Bias) Fold(Convolution layer, BatchNorm2d? norm)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var (weight, bias) = FoldedLayer.Of(layer, norm);
        var type = bfloat16 ? ScalarType.BFloat16 : weight.dtype;

        // Copies: without a norm both are the layer's own.
        return (
            weight.to(type, copy: true).DetachFromDisposeScope(),
            bias.to(type, copy: true).DetachFromDisposeScope()
        );
    }
}
