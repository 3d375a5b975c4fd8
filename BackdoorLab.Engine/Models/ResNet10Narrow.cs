using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Models;

/// <summary>ResNet-10 at a quarter of the usual width: the standard preset's net.</summary>
[Method(
    "res-net10-narrow",
    "ResNet-10 (narrow)",
    Summary = "Four stages (16-32-64-128 channels) of one basic block each: ResNet-18's shape at a quarter of its width; 0.31 M parameters. The net of the standard preset.",
    Paper = "He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, CVPR 2016.",
    Deviations = "A quarter of the width and half of the blocks of ResNet-18; 3x3 stem without pooling for small images.",
    Order = 30
)]
public sealed record ResNet10Narrow : ModelSource
{
    /// <inheritdoc/>
    public override Classifier Build(ClassifierShape shape) =>
        new ResidualNetwork(shape, new ResidualPlan([16, 32, 64, 128], 1));
}
