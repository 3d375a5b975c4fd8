using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Models;

/// <summary>Four convolutions and two linear layers: the smallest net that still has a hidden linear layer.</summary>
[Method(
    "small-conv-net",
    "SmallConvNet",
    Summary = "Four 3x3 convolutions (32-32-64-64) with batch normalisation, a hidden layer of 128 units and a linear head; 0.59 M parameters at 32x32.",
    Order = 10
)]
public sealed record SmallConvNet : ModelSource
{
    /// <inheritdoc/>
    public override Classifier Build(ClassifierShape shape) => new SmallConvolutionalNetwork(shape);
}
