using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;

namespace BackdoorLab.Engine.Attacks;

/// <summary>What an attacker has at hand who makes something before poisoning.</summary>
public sealed record AssetContext
{
    /// <summary>The attacker's own network, trained on clean images, in evaluation mode; left as it is.</summary>
    public required Classifier Network { get; init; }

    /// <summary>The training images with their true labels.</summary>
    public required ImageSet Train { get; init; }

    /// <summary>Random streams, cancellation and progress.</summary>
    public required RunContext Run { get; init; }
}
