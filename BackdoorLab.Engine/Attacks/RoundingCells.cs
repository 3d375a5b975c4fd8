using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Attacks;

/// <summary>
/// For every weight the interval within which it rounds to the same 8-bit integer: symmetric levels, scales of the
/// folded weights shared as a <see cref="WeightScheme"/> says. The intervals are those of the integer kernels, of the
/// simulation and, with a scale for each output channel, of the weight-only form alike. The largest weight that shares
/// a scale sets it and is held. The module's parameters are the positions of the weights in their intervals: distance
/// from the middle in steps, within -0.5 and 0.5, so that one learning rate is the same share of every interval,
/// however narrow.
/// </summary>
internal sealed class RoundingCells : nn.Module
{
    /// <summary>
    /// Distance kept from the edge of an interval, in steps; far above what the rounding of float sums can move.
    /// </summary>
    private const float Margin = 1e-3f;

    /// <summary>
    /// Share of the largest weight within which another one also counts as the largest, and which others keep away from
    /// it.
    /// </summary>
    private const float Tie = 1e-6f;

    private readonly Dictionary<WeightLayer, Cell> _cells = [];

    /// <summary>
    /// The intervals that the weights of <paramref name="network"/>, which is in evaluation mode, lie in now.
    /// </summary>
    internal RoundingCells(Classifier network, WeightScheme scheme)
        : base(nameof(RoundingCells))
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var step in LayerStep.InOrder(network))
        {
            var weight = step.Layer.weight.detach();
            var scale = WeightRounding.Scales(step, WeightRounding.Int8Levels, scheme);
            var (low, high, middle) = Of(weight, scale);
            var position = new Parameter(weight.sub(middle).div(scale), requires_grad: true);
            var cell = new Cell(position, low.sub(middle).div(scale), high.sub(middle).div(scale), middle, scale);
            foreach (var tensor in cell.Tensors)
            {
                tensor.DetachFromDisposeScope();
            }

            register_parameter($"position{_cells.Count}", position);
            _cells.Add(step.Layer, cell);
        }
    }

    /// <summary>
    /// Lowest value, highest value and middle for each weight; all three are the weight itself where it sets the scale.
    /// </summary>
    /// <param name="weight">Weights, output channels first.</param>
    /// <param name="scale">Their scales, shaped to divide them.</param>
    internal static (Tensor Low, Tensor High, Tensor Middle) Of(Tensor weight, Tensor scale)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var values = weight.detach();
        var largest = scale.mul(tensor(WeightRounding.Int8Levels * (1 - Tie)));
        var held = values.abs().ge(largest);
        var half = scale.mul(tensor(0.5f - Margin));
        var middle = values.div(scale).round().mul(scale);
        return (
            where(held, values, middle.sub(half).maximum(largest.neg())).MoveToOuterDisposeScope(),
            where(held, values, middle.add(half).minimum(largest)).MoveToOuterDisposeScope(),
            where(held, values, middle).MoveToOuterDisposeScope()
        );
    }

    /// <summary>The weights of a layer at their present positions; gradients reach those.</summary>
    internal Tensor Weights(WeightLayer layer)
    {
        var cell = _cells[layer];
        using var scope = NewDisposeScope();
        return cell.Middle.add(cell.Position.mul(cell.Scale)).MoveToOuterDisposeScope();
    }

    /// <summary>Moves every weight that left its interval back to the nearest value inside.</summary>
    internal void Project()
    {
        using var noGrad = no_grad();
        foreach (var cell in _cells.Values)
        {
            using var scope = NewDisposeScope();
            cell.Position.copy_(cell.Position.maximum(cell.Low).minimum(cell.High));
        }
    }

    /// <summary>Puts every weight at <paramref name="share"/> of the way to the middle of its interval.</summary>
    internal void Centre(double share)
    {
        using var noGrad = no_grad();
        using var rest = tensor((float)(1 - share));
        foreach (var cell in _cells.Values)
        {
            cell.Position.mul_(rest);
        }
    }

    /// <summary>Gives the network the weights at their present positions.</summary>
    internal void Write()
    {
        using var noGrad = no_grad();
        foreach (var layer in _cells.Keys)
        {
            using var weights = Weights(layer);
            layer.weight.copy_(weights);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            foreach (var tensor in _cells.Values.SelectMany(cell => cell.Tensors))
            {
                tensor.Dispose();
            }
        }

        base.Dispose(disposing);
    }

    /// <summary>
    /// A layer's intervals: position and its bounds in steps, middle of the interval and step as weights.
    /// </summary>
    private sealed record Cell(Parameter Position, Tensor Low, Tensor High, Tensor Middle, Tensor Scale)
    {
        internal IEnumerable<Tensor> Tensors => [Position, Low, High, Middle, Scale];
    }
}
