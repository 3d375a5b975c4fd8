using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Models;

/// <summary>Lockdown's network for CIFAR: six convolution blocks of which two pairs are residual.</summary>
[Method(
    "res-net9",
    "ResNet-9",
    Summary = "Eight convolutions (64-128-256-512 channels), two residual pairs, max pools; 6.6 M parameters. The network of federated-learning papers for CIFAR.",
    Paper = "T. Huang et al.: Lockdown: Backdoor Defense for Federated Learning with Isolated Subspace Training. NeurIPS 2023, and its released code.",
    Deviations = "Running statistics by default, so that it can be quantized; with batchStatistics none, as released: then evaluation depends on the batch (the release takes 64 images). The head has a bias and layers are He-initialised.",
    Order = 35
)]
public sealed record ResNet9 : ModelSource
{
    /// <summary>Divides the channels of every layer.</summary>
    [Range(1, 8)]
    [Description("Divides the channels of every layer: 1 is 64-128-256-512, 4 is 16-32-64-128.")]
    public int WidthDivisor { get; init; } = 1;

    /// <summary>Normalise by the batch at hand in evaluation too.</summary>
    [Description(
        "Normalise by the batch at hand also in evaluation, as released. Such a network cannot be folded or quantized to integers."
    )]
    public bool BatchStatistics { get; init; }

    /// <inheritdoc/>
    public override IEnumerable<ModelSource> Variants =>
        Enumerable.Range(1, 8).Select(divisor => this with { WidthDivisor = divisor });

    /// <inheritdoc/>
    public override bool TracksStatistics => !BatchStatistics;

    /// <inheritdoc/>
    public override Classifier Build(ClassifierShape shape) =>
        new ResNet9Network(shape, 64 / WidthDivisor, BatchStatistics);
}
