using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Models;

/// <summary>Pre-activation ResNet-18, the default victim of the field's benchmarks.</summary>
[Method(
    "pre-act-res-net18",
    "PreActResNet-18",
    Summary = "ResNet-18 with normalisation and ReLU before each convolution; 11.17 M parameters. The default victim of backdoor benchmarks.",
    Paper = "He, Zhang, Ren, Sun: Identity Mappings in Deep Residual Networks, ECCV 2016.",
    Deviations = "As in the benchmarks, the last block is averaged without a closing normalisation and ReLU, so its activations may be negative.",
    Order = 50
)]
public sealed record PreActResNet18 : ModelSource
{
    /// <inheritdoc/>
    public override Classifier Build(ClassifierShape shape) =>
        new ResidualNetwork(shape, new ResidualPlan([64, 128, 256, 512], 2, PreActivation: true));
}
