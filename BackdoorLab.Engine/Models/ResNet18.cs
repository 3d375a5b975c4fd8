using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Models;

/// <summary>ResNet-18 in the form the field uses for small images: the full preset's net.</summary>
[Method(
    "res-net18",
    "ResNet-18",
    Summary = "Four stages (64-128-256-512 channels) of two basic blocks each, 3x3 stem; 11.17 M parameters, 555 M multiply-adds at 32x32. The net of the full preset.",
    Paper = "He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, CVPR 2016.",
    Deviations = "CIFAR form: 3x3 stem at stride 1 without max pool, as the backdoor literature uses it for 32x32 images.",
    Order = 40
)]
public sealed record ResNet18 : ModelSource
{
    /// <inheritdoc/>
    public override Classifier Build(ClassifierShape shape) =>
        new ResidualNetwork(shape, new ResidualPlan([64, 128, 256, 512], 2));
}
