using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Models;

/// <summary>The network of the fastest public CIFAR-10 trainings.</summary>
[Method(
    "airbench",
    "Airbench",
    Summary = "Whitening convolution, three groups of two 3x3 convolutions (64-256-256 channels) with GELU, linear head; 2.0 M parameters. With the fast recipe the quickest way to a well-trained victim on a processor.",
    Paper = "K. Jordan: 94% on CIFAR-10 in 3.29 Seconds on a Single GPU. arXiv 2404.00498.",
    Deviations = "One pass in evaluation: no averages over mirrored and shifted images. The last pool takes the whole map, so that other image sizes work.",
    Order = 34
)]
public sealed record Airbench : ModelSource
{
    /// <summary>Divides the channels of every group.</summary>
    [Range(1, 8)]
    [Description("Divides the channels of every group: 1 is 64-256-256, 2 is 32-128-128.")]
    public int WidthDivisor { get; init; } = 1;

    /// <inheritdoc/>
    public override IEnumerable<ModelSource> Variants =>
        Enumerable.Range(1, 8).Select(divisor => this with { WidthDivisor = divisor });

    /// <inheritdoc/>
    public override Classifier Build(ClassifierShape shape) => new AirbenchNetwork(shape, WidthDivisor);
}
