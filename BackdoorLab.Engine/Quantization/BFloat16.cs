using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Quantization;

/// <summary>Convolutions and linear layers in bfloat16: 8 bits of exponent, 7 of fraction.</summary>
[Method(
    "bfloat16",
    "BF16",
    Summary = "Weights and activations of convolutions and linear layers in 16-bit bfloat; normalisation parameters and sums stay 32-bit. What an accelerator's half precision does.",
    Order = 20
)]
public sealed record BFloat16 : Precision
{
    /// <inheritdoc/>
    public override DeployedClassifier Convert(Classifier trained, QuantizationImages images, RunContext run)
    {
        var network = trained.Clone();
        network.eval();
        foreach (var layer in network.modules().OfType<WeightLayer>())
        {
            layer.to(ScalarType.BFloat16);
        }

        var floatModel = trained.Clone();
        floatModel.eval();
        WeightsCopy.CopyTo(network, floatModel);
        var attends = CostMeter.Of(trained).AttentionMultiplyAdds > 0;
        var realisation = new Realisation(
            "float",
            "Convolutions and linear layers multiply bfloat16 weights and activations with float32 sums; "
                + (
                    attends
                        ? "attention works on such activations, and layer normalisation, class token and positions keep "
                        : "batch normalisation keeps "
                )
                + "float32 parameters. Gradients are those of a float32 network with the rounded weights.",
            QuantizedShare.OfParameters(trained, layer => layer.weight.numel() + (layer.bias?.numel() ?? 0)),
            QuantizedShare.OfMultiplyAdds(trained, _ => true, attention: true)
        );
        return new DeployedNetwork(
            network,
            FloatArithmetic.Instance,
            floatModel,
            ownsFloatModel: true,
            realisation,
            GradientAccess.StraightThrough
        );
    }
}
