using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Quantization;

/// <summary>Which weights share a scale.</summary>
public enum Granularity
{
    /// <summary>Those of one output channel.</summary>
    PerChannel,

    /// <summary>Those of one layer.</summary>
    PerTensor,

    /// <summary>Consecutive inputs of one output channel.</summary>
    PerGroup,
}

/// <summary>Weights of convolutions and linear layers rounded to so many bits, arithmetic in float32.</summary>
public abstract record WeightOnlyPrecision : RoundedPrecision
{
    /// <summary>Which weights share a scale.</summary>
    [Description(
        "One scale for each output channel, for each layer (coarser: small channels lose most of their levels), or for each group of inputs (finer)."
    )]
    public Granularity Granularity { get; init; }

    /// <summary>
    /// Inputs that share a scale where <see cref="Granularity"/> is <see cref="Granularity.PerGroup"/>.
    /// </summary>
    [Range(2, 4096)]
    [Description("Consecutive weights of an output channel that share a scale; used with PerGroup only.")]
    public int GroupSize { get; init; } = 64;

    /// <summary>Bits of a weight.</summary>
    protected abstract int Bits { get; }

    /// <inheritdoc/>
    public sealed override DeployedClassifier Convert(Classifier trained, QuantizationImages images, RunContext run)
    {
        var levels = (1 << (Bits - 1)) - 1;
        using var learned = Learn(trained, images, Scales, levels, run);
        var network = WeightRounding.FloatModel(
            learned ?? trained,
            step => WeightRounding.Nearest(step.Layer.weight, Scales(step))
        );
        var scale = Granularity switch
        {
            Granularity.PerChannel => "output channel",
            Granularity.PerTensor => "layer",
            _ => $"group of {GroupSize} inputs",
        };
        var realisation = new Realisation(
            "simulated",
            $"Weight-only: weights of all convolutions and linear layers rounded to -{levels}..{levels} times a symmetric scale per {scale}{RoundingWords}; "
                + "multiplied in float32, so no multiply-add runs on integers.",
            QuantizedShare.OfParameters(trained, layer => layer.weight.numel()),
            0
        );
        // The deployed arithmetic is the float arithmetic of the rounded weights, so its gradient is the true one.
        return new DeployedNetwork(
            network,
            FloatArithmetic.Instance,
            network,
            ownsFloatModel: true,
            realisation,
            GradientAccess.True
        );

        Tensor Scales(LayerStep step) =>
            Granularity == Granularity.PerGroup
                ? WeightRounding.ScalesByGroup(step.Layer.weight, levels, GroupSize)
                : WeightRounding.Scales(step.Layer.weight, levels, Granularity == Granularity.PerChannel);
    }
}

/// <summary>Eight bits.</summary>
[Method(
    "int8-weight-only",
    "INT8 weight-only (simulated)",
    Summary = "Weights of convolutions and linear layers rounded to 8-bit integers times a scale; activations, biases and normalisation stay FP32. Simulated: the rounded weights are kept and multiplied as FP32.",
    Order = 55
)]
public sealed record Int8WeightOnly : WeightOnlyPrecision
{
    /// <inheritdoc/>
    protected override int Bits => 8;
}

/// <summary>Four bits.</summary>
[Method(
    "int4-weight-only",
    "INT4 weight-only (simulated)",
    Summary = "Weights of convolutions and linear layers rounded to 4-bit integers times a scale; activations, biases and normalisation stay FP32. Simulated: the rounded weights are kept and multiplied as FP32.",
    Order = 60
)]
public sealed record Int4WeightOnly : WeightOnlyPrecision
{
    /// <inheritdoc/>
    protected override int Bits => 4;
}
