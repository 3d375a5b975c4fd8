using System.ComponentModel;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;

namespace BackdoorLab.Engine.Quantization;

/// <summary>Which weights share a scale.</summary>
public enum Granularity
{
    /// <summary>Those of one output channel.</summary>
    PerChannel,

    /// <summary>Those of one layer.</summary>
    PerTensor,
}

/// <summary>Weights of convolutions and linear layers rounded to 4 bits, arithmetic in float32.</summary>
[Method(
    "int4-weight-only",
    "INT4 (simulated, weight-only)",
    Summary = "Weights of convolutions and linear layers rounded to 4-bit integers times a scale; activations, biases and normalisation stay FP32. Simulated: the rounded weights are kept and multiplied as FP32.",
    Order = 60)]
public sealed record Int4WeightOnly : Precision
{
    private const int Levels = 7;

    /// <summary>Which weights share a scale.</summary>
    [Description("One scale for each output channel, or one for each layer (coarser: small channels lose most of their levels).")]
    public Granularity Granularity { get; init; }

    /// <inheritdoc/>
    public override DeployedClassifier Convert(Classifier trained, ImageSet calibration, RunContext run)
    {
        var network = trained.Clone();
        network.eval();
        var perChannel = Granularity == Granularity.PerChannel;
        WeightRounding.Apply(
            network.modules().OfType<WeightLayer>(), weight => WeightRounding.Symmetric(weight, Levels, perChannel));
        var realisation = new Realisation(
            "simulated",
            $"Weight-only: weights of all convolutions and linear layers rounded to -7..7 times a symmetric scale per "
            + $"{(perChannel ? "output channel" : "layer")}; multiplied in float32, so no multiply-add runs on integers.",
            QuantizedShare.OfParameters(trained, layer => layer.weight.numel()),
            0);
        // The deployed arithmetic is the float arithmetic of the rounded weights, so its gradient is the true one.
        return new DeployedNetwork(network, FloatArithmetic.Instance, network, ownsTwin: true, realisation, GradientAccess.True);
    }
}
