using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Quantization;

/// <summary>
/// What a reader may take PyTorch's <c>quantize_dynamic</c> for: every convolution and linear layer gets int8 weights
/// and activations whose range is that of the batch at hand. PyTorch has no such kernel for convolutions, so it is
/// simulated.
/// </summary>
[Method(
    "int8-dynamic-simulated",
    "INT8 dynamic, convolutions too (simulated)",
    Summary = "Every convolution and linear layer with 8-bit weights and activations, ranges taken from each batch. PyTorch's quantize_dynamic does this for linear layers only; convolutions have no such kernel, so it is computed in FP32.",
    Order = 35
)]
public sealed record Int8DynamicSimulated : Precision
{
    // The reduced range of PyTorch's quantize_dynamic, as in the linear kernels.
    private const int Levels = 127;

    /// <inheritdoc/>
    public override DeployedClassifier Convert(Classifier trained, QuantizationImages images, RunContext run)
    {
        var floatModel = WeightRounding.FloatModel(
            trained,
            step => WeightRounding.Symmetric(step.Layer.weight, WeightRounding.Int8Levels, perChannel: false)
        );
        var realisation = new Realisation(
            "simulated",
            $"Weights of all convolutions and linear layers rounded to -{WeightRounding.Int8Levels}..{WeightRounding.Int8Levels} (per tensor, symmetric), their inputs to "
                + $"0..{Levels} (asymmetric, from the batch at hand); multiplied in float32, so no multiply-add runs on integers. Gradients are those "
                + "of a float network with the rounded weights.",
            QuantizedShare.OfParameters(trained, layer => layer.weight.numel()),
            0
        );
        return new DeployedNetwork(
            floatModel,
            new RoundedInputs(),
            floatModel,
            ownsFloatModel: true,
            realisation,
            GradientAccess.StraightThrough
        );
    }

    private sealed class RoundedInputs : FloatArithmetic
    {
        public override Tensor Convolve(Convolution layer, BatchNorm2d? norm, bool relu, Tensor input)
        {
            using var rounded = Rounded(input);
            return base.Convolve(layer, norm, relu, rounded);
        }

        public override Tensor Connect(FullyConnected layer, bool relu, Tensor input)
        {
            using var rounded = Rounded(input);
            return base.Connect(layer, relu, rounded);
        }

        // A copy: the input may feed a shortcut too.
        private static Tensor Rounded(Tensor input)
        {
            using var scope = NewDisposeScope();
            var range = ActivationRange.Of(input.min().item<float>(), input.max().item<float>(), Levels);
            return range.Round(input.clone()).MoveToOuterDisposeScope();
        }
    }
}
