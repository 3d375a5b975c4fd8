using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;

namespace BackdoorLab.Engine.Quantization;

/// <summary>The trained network as it is.</summary>
[Method(
    "float32",
    "FP32",
    Summary = "The trained network as it is, in 32-bit floating point: the reference for every other precision.",
    Order = 10
)]
public sealed record Float32 : Precision
{
    /// <inheritdoc/>
    public override DeployedClassifier Convert(Classifier trained, QuantizationImages images, RunContext run) =>
        new DeployedNetwork(
            trained,
            FloatArithmetic.Instance,
            trained,
            ownsFloatModel: false,
            new Realisation("float", "Every layer in float32.", 0, 0),
            GradientAccess.True
        );
}
