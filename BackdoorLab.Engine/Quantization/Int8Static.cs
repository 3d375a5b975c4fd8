using System.ComponentModel;
using System.Text.Json.Serialization;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Tensors;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Quantization;

/// <summary>
/// A network whose convolutions, sums and linear layers all run on 8-bit integer kernels: what is deployed as "INT8".
/// The scheme is that of Jacob et al. 2018, by default with a scale for each output channel (Krishnamoorthi 2018):
/// batch normalisation folded, weights symmetric, activations asymmetric with one fixed range per step, read from
/// calibration images.
/// </summary>
[Method(
    "int8-static",
    "INT8 static",
    Summary = "Convolutions, sums and linear layers on 8-bit integer kernels; symmetric weights, one activation range per step from calibration images. What is really deployed as INT8.",
    Order = 40
)]
public sealed record Int8Static : CalibratedPrecision
{
    private const int ReducedLevels = 127;

    /// <summary>Which library's integer kernels.</summary>
    [Description(
        "Which library's integer kernels run: oneDNN and X86 use VNNI and AMX; FBGEMM is PyTorch's older engine."
    )]
    [JsonPropertyOrder(1)] // After the inherited ones, as on the form.
    public QuantizedLibrary Library { get; init; } = QuantizedLibrary.X86;

    /// <summary>
    /// Without VNNI the kernels add two products in 16 bits, which overflows unless activations keep to 7 bits.
    /// </summary>
    internal static int Levels => TorchRuntime.HasVnniInstructions ? byte.MaxValue : ReducedLevels;

    /// <inheritdoc/>
    public override string ProcessorForm => Levels == byte.MaxValue ? "" : "7-bit activations";

    private protected override int ActivationLevels => Levels;

    private protected override int WeightLevels => WeightRounding.Int8Levels;

    private protected override DeployedClassifier Quantize(
        Classifier network,
        ActivationRange[] ranges,
        string rangeWords,
        string qatWords
    )
    {
        var arithmetic = new IntegerArithmetic(ranges, WeightScheme);
        try
        {
            QuantizedEngine.With(Library, () => Pack(network, arithmetic));
        }
        catch
        {
            arithmetic.Dispose();
            throw;
        }

        var floatModel = FloatModel(network);
        var realisation = new Realisation(
            Realisation.IntegerKernels,
            $"Every convolution, sum and linear layer on {Library} kernels: int8 weights ({WeightWords}, symmetric, normalisation "
                + $"folded{RoundingWords}), unsigned activations 0..{ActivationLevels} with one range per step "
                + $"({rangeWords}). {FloatWords(network)} Gradients are those of a "
                + "float network with the rounded weights."
                + qatWords,
            QuantizedShare.OfParameters(network, layer => layer.weight.numel()),
            QuantizedShare.OfMultiplyAdds(network, _ => true)
        );
        return new DeployedNetwork(
            floatModel,
            arithmetic,
            floatModel,
            ownsFloatModel: true,
            realisation,
            GradientAccess.StraightThrough
        );
    }

    private static string FloatWords(Classifier network) =>
        CostMeter.Of(network).AttentionMultiplyAdds > 0
            ? "Pixel normalisation, positions, layer normalisation, attention (its products and its softmax) and GELU run in float, with their results rounded to their ranges."
            : "Pixel normalisation and the global average run in float.";

    private static bool Pack(Classifier network, IntegerArithmetic arithmetic)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        network.Logits(arithmetic, zeros(1, network.Shape.Channels, network.Shape.Height, network.Shape.Width));
        return true;
    }
}
