using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>
/// Float arithmetic of a frozen network in evaluation mode, for many passes with gradients to the input: each convolution and the
/// normalisation after it are one convolution, made when it is first met. The same map up to rounding with about a third of the
/// operations gone, in both directions. Later changes of the network's weights are not seen.
/// </summary>
/// <param name="bfloat16">Convolutions in bfloat16: faster, and another arithmetic.</param>
internal sealed class FoldedArithmetic(bool bfloat16 = false) : FloatArithmetic, IDisposable
{
    private readonly Dictionary<Convolution, Convolution> _folded = [];

    /// <inheritdoc/>
    public override Tensor Convolve(Convolution layer, BatchNorm2d? norm, bool rectify, Tensor input)
    {
        if (!_folded.TryGetValue(layer, out var folded))
        {
            _folded[layer] = folded = Fold(layer, norm);
        }

        return Rectified(Applied(folded, folded.weight.dtype, input), rectify);
    }

    /// <inheritdoc/>
    public override Tensor Connect(FullyConnected layer, bool rectify, Tensor input) =>
        Rectified(Applied(layer, layer.weight.dtype, input), rectify);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var layer in _folded.Values)
        {
            layer.Dispose();
        }
    }

    private static Tensor Applied(nn.Module<Tensor, Tensor> layer, ScalarType type, Tensor input)
    {
        if (input.dtype == type)
        {
            return layer.call(input);
        }

        using var scope = NewDisposeScope();
        return layer.call(input.to(type)).MoveToOuterDisposeScope();
    }

    private Convolution Fold(Convolution layer, BatchNorm2d? norm)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var sizes = layer.weight.shape;
        var folded = RandomStream.Untouched(() => new Convolution((int)sizes[1], (int)sizes[0], (int)sizes[2], layer.Stride, hasBias: true));
        var (weight, bias) = FoldedLayer.Of(layer, norm);
        folded.weight.copy_(weight);
        folded.bias!.copy_(bias);
        folded.weight.requires_grad = false;
        folded.bias.requires_grad = false;
        return bfloat16 ? (Convolution)folded.to(ScalarType.BFloat16) : folded;
    }
}
