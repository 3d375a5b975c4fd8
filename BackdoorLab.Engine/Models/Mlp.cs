using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Models;

/// <summary>One hidden layer: the net on which a federation of ten clients takes seconds.</summary>
[Method(
    "mlp",
    "MLP",
    Summary = "A hidden layer with ReLU and a linear head on the flattened pixels; 0.05 M parameters at 28x28 with 64 units. Learns digits and signs in seconds; nothing to prune by channel.",
    Order = 5
)]
public sealed record Mlp : ModelSource
{
    /// <summary>Units of the hidden layer.</summary>
    [Range(8, 8192)]
    [Description("Units of the hidden layer.")]
    public int HiddenUnits { get; init; } = 64;

    /// <summary>Take pixels as they are.</summary>
    [Description(
        "Take pixels in [0,1] as they are, without the data set's mean and standard deviation: then black is 0 and weights of pixels that are always black get no gradient."
    )]
    public bool RawPixels { get; init; }

    /// <inheritdoc/>
    public override IEnumerable<ModelSource> Variants =>
        new[] { 16, 32, 64, 100, 128, 200, 256, 512, 1024 }.Select(units => this with { HiddenUnits = units });

    /// <inheritdoc/>
    public override bool TracksStatistics => false;

    /// <inheritdoc/>
    public override Classifier Build(ClassifierShape shape) =>
        new OneHiddenLayer(
            RawPixels ? shape with { Normalization = Normalization.Identity(shape.Channels) } : shape,
            HiddenUnits
        );
}
