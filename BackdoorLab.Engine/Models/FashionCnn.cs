using System.ComponentModel;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Models;

/// <summary>Lockdown's network for FashionMNIST: two convolutions and one very wide hidden layer.</summary>
[Method(
    "fashion-cnn",
    "FashionMNIST CNN",
    Summary = "Two convolutions (32-64 channels), a hidden layer of 4096 units and a linear head; 16.8 M parameters at 28x28, nearly all of them in the hidden layer, which is the only one that Lockdown's masks leave sparse.",
    Paper = "T. Huang et al.: Lockdown: Backdoor Defense for Federated Learning with Isolated Subspace Training. NeurIPS 2023, and its released code (the paper calls it LeNet).",
    Deviations = "Running statistics by default, so that it can be quantized; with batchStatistics none, as released: then evaluation depends on the batch (the release takes 64 images). Biases of the convolutions start at zero. Images above 28x28 are averaged to a map of 8x8 before the hidden layer.",
    Order = 37
)]
public sealed record FashionCnn : ModelSource
{
    /// <summary>Normalise by the batch at hand in evaluation too.</summary>
    [Description(
        "Normalise by the batch at hand also in evaluation, as released. Such a network cannot be folded or quantized to integers."
    )]
    public bool BatchStatistics { get; init; }

    /// <inheritdoc/>
    public override bool TracksStatistics => !BatchStatistics;

    /// <inheritdoc/>
    public override Classifier Build(ClassifierShape shape) => new FashionNetwork(shape, BatchStatistics);
}
