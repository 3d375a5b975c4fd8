using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;

namespace BackdoorLab.Engine.Quantization;

/// <summary>
/// Weights and activations rounded to integers of so many bits, arithmetic in float32: what an accelerator with such kernels would
/// compute, up to the rounding of its sums. Weights symmetric, activations asymmetric with one range per step.
/// </summary>
public abstract record SimulatedPrecision : CalibratedPrecision
{
    /// <summary>Bits of a weight and of an activation.</summary>
    protected abstract int Bits { get; }

    /// <inheritdoc/>
    public sealed override DeployedClassifier Convert(Classifier trained, QuantizationImages images, RunContext run)
    {
        var weightLevels = (1 << (Bits - 1)) - 1;
        var drawn = DrawImages(images.Calibration, run);
        var ranges = Calibration.Ranges(trained, drawn, Observer, (1 << Bits) - 1, run);
        using var learned = Learn(trained, images, weightLevels, run);
        var twin = Twin(learned ?? trained, weightLevels);
        var realisation = new Realisation(
            "simulated",
            $"Weights of all convolutions and linear layers rounded to -{weightLevels}..{weightLevels} ({WeightWords}, symmetric{RoundingWords}), every step's "
            + $"result to 0..{(1 << Bits) - 1} with one range per step ({Words(drawn)}); multiplied in float32, so no multiply-add "
            + "runs on integers. Gradients are those of a float network with the rounded weights.",
            QuantizedShare.OfParameters(trained, layer => layer.weight.numel()),
            0);
        return new DeployedNetwork(
            twin,
            new StepArithmetic((step, values) => ranges[step].Round(values)),
            twin,
            ownsTwin: true,
            realisation,
            GradientAccess.StraightThrough);
    }
}

/// <summary>Eight bits each, simulated.</summary>
[Method("w8a8-simulated", "W8A8 (simulated)", Summary = "Weights and activations rounded to 8 bits, computed in FP32: the float twin of INT8 static.", Order = 50)]
public sealed record W8A8Simulated : SimulatedPrecision
{
    /// <inheritdoc/>
    protected override int Bits => 8;
}

/// <summary>Four bits each, simulated.</summary>
[Method("w4a4-simulated", "W4A4 (simulated)", Summary = "Weights and activations rounded to 4 bits, computed in FP32: much coarser than rounding weights alone.", Order = 70)]
public sealed record W4A4Simulated : SimulatedPrecision
{
    /// <inheritdoc/>
    protected override int Bits => 4;
}
