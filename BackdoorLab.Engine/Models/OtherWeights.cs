using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>
/// Float arithmetic in which each layer multiplies by other weights than its own; gradients reach those.
/// </summary>
/// <param name="weights">The weights of a layer, of its shape.</param>
internal sealed class OtherWeights(Func<WeightLayer, Tensor> weights) : FloatArithmetic
{
    /// <inheritdoc/>
    protected override Tensor Multiply(WeightLayer layer, Tensor input) => layer.Apply(input, weights(layer));
}
