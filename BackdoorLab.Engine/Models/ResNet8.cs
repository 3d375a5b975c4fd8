using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Models;

/// <summary>Three stages of one basic block: the quick preset's net.</summary>
[Method(
    "res-net8",
    "ResNet-8",
    Summary = "Three stages (16-32-64 channels times the width) of one basic block each; 0.08 M parameters at width 1. The net of the quick preset.",
    Paper = "He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, CVPR 2016.",
    Deviations = "Depth 8 of the paper's CIFAR family 6n + 2; 1x1 convolutions as shortcuts (option B) where the paper pads with zeros.",
    Order = 20
)]
public sealed record ResNet8 : ModelSource
{
    /// <summary>Multiplies the channels of every stage.</summary>
    [Range(1, 4)]
    [Description("Multiplies the channels of every stage: 1 is 16-32-64, 2 is 32-64-128, 4 is 64-128-256.")]
    public int Width { get; init; } = 1;

    /// <inheritdoc/>
    public override IEnumerable<ModelSource> Variants =>
        Enumerable.Range(1, 4).Select(width => this with { Width = width });

    /// <inheritdoc/>
    public override Classifier Build(ClassifierShape shape) =>
        new ResidualNetwork(shape, new ResidualPlan([16 * Width, 32 * Width, 64 * Width], 1));
}
