using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Quantization;

/// <summary>
/// Weights and activations rounded to integers of so many bits, arithmetic in float32: what an accelerator with such
/// kernels would compute, up to the rounding of its sums. Weights symmetric, activations asymmetric with one range per
/// step.
/// </summary>
public abstract record SimulatedPrecision : CalibratedPrecision
{
    /// <summary>Bits of a weight and of an activation.</summary>
    protected abstract int Bits { get; }

    private protected sealed override int WeightLevels => (1 << (Bits - 1)) - 1;

    private protected sealed override int ActivationLevels => (1 << Bits) - 1;

    private protected sealed override DeployedClassifier Quantize(
        Classifier network,
        ActivationRange[] ranges,
        string rangeWords,
        string qatWords
    )
    {
        var floatModel = FloatModel(network);
        var realisation = new Realisation(
            "simulated",
            $"Weights of all convolutions and linear layers rounded to -{WeightLevels}..{WeightLevels} ({WeightWords}, symmetric{RoundingWords}), every step's "
                + $"result to 0..{ActivationLevels} with one range per step ({rangeWords}); multiplied in float32, so no multiply-add "
                + "runs on integers. Gradients are those of a float network with the rounded weights."
                + qatWords,
            QuantizedShare.OfParameters(network, layer => layer.weight.numel()),
            0
        );
        return new DeployedNetwork(
            floatModel,
            new StepArithmetic((step, values) => ranges[step].Round(values)),
            floatModel,
            ownsFloatModel: true,
            realisation,
            GradientAccess.StraightThrough
        );
    }
}

/// <summary>Eight bits each, simulated.</summary>
[Method(
    "w8a8-simulated",
    "W8A8 (simulated)",
    Summary = "Weights and activations rounded to 8 bits, computed in FP32: the float model on which INT8 static is differentiated.",
    Order = 50
)]
public sealed record W8A8Simulated : SimulatedPrecision
{
    /// <inheritdoc/>
    protected override int Bits => 8;
}

/// <summary>Four bits each, simulated.</summary>
[Method(
    "w4a4-simulated",
    "W4A4 (simulated)",
    Summary = "Weights and activations rounded to 4 bits, computed in FP32: much coarser than rounding weights alone.",
    Order = 70
)]
public sealed record W4A4Simulated : SimulatedPrecision
{
    /// <inheritdoc/>
    protected override int Bits => 4;
}
