using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Attacks;

/// <summary>
/// For every weight the interval within which it rounds to the same 8-bit integer: symmetric levels, one scale for each output channel.
/// Folding a batch normalisation multiplies a whole channel by one factor, scale and weights alike, so the intervals are those of the
/// integer kernels, of the simulation and of the weight-only form alike. The largest weight of a channel sets its scale and is held.
/// </summary>
internal sealed class RoundingCells : IDisposable
{
    /// <summary>Distance kept from the edge of an interval, in steps; far above what the rounding of float sums can move.</summary>
    private const float Margin = 1e-3f;

    private readonly List<(Tensor Weight, Tensor Low, Tensor High, Tensor Centre)> _cells = [];

    /// <summary>The intervals that the weights of <paramref name="network"/> lie in now.</summary>
    internal RoundingCells(Classifier network)
    {
        using var noGrad = no_grad();
        foreach (var layer in network.modules().OfType<WeightLayer>())
        {
            using var scope = NewDisposeScope();
            var (low, high, centre) = Of(layer.weight);
            _cells.Add((layer.weight, low.DetachFromDisposeScope(), high.DetachFromDisposeScope(), centre.DetachFromDisposeScope()));
        }
    }

    /// <summary>Lowest value, highest value and middle for each weight; all three are the weight itself where it sets the scale.</summary>
    internal static (Tensor Low, Tensor High, Tensor Centre) Of(Tensor weight)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var values = weight.detach();
        var scale = WeightRounding.Scales(values, WeightRounding.Int8Levels, perChannel: true);
        var levels = values.div(scale).round();
        var largest = scale.mul(tensor((float)WeightRounding.Int8Levels));
        var held = values.abs().ge(largest.mul(tensor(1 - 1e-6f)));
        var half = scale.mul(tensor(0.5f - Margin));
        var centre = levels.mul(scale);
        return (
            where(held, values, centre.sub(half).maximum(largest.neg())).MoveToOuterDisposeScope(),
            where(held, values, centre.add(half).minimum(largest)).MoveToOuterDisposeScope(),
            where(held, values, centre).MoveToOuterDisposeScope());
    }

    /// <summary>Moves every weight that left its interval back to the nearest value inside.</summary>
    internal void Project()
    {
        using var noGrad = no_grad();
        foreach (var (weight, low, high, _) in _cells)
        {
            using var scope = NewDisposeScope();
            weight.copy_(weight.maximum(low).minimum(high));
        }
    }

    /// <summary>Puts every weight at <paramref name="share"/> of the way to the middle of its interval.</summary>
    internal void Centre(double share)
    {
        using var noGrad = no_grad();
        foreach (var (weight, _, _, centre) in _cells)
        {
            using var scope = NewDisposeScope();
            weight.copy_(weight.lerp(centre, tensor((float)share)));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, low, high, centre) in _cells)
        {
            low.Dispose();
            high.Dispose();
            centre.Dispose();
        }
    }
}
