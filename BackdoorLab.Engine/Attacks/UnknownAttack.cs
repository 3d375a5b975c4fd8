using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Attacks;

/// <summary>
/// Stands where an attack would: the model comes from a file, and whether anybody attacked it is the question. It has
/// no trigger, so nothing is measured with one.
/// </summary>
[Method(
    "unknown",
    "None known",
    Order = 1000,
    Listed = false,
    Summary = "The model comes from a file; whether it was attacked is what the detectors are asked."
)]
public sealed record UnknownAttack : Attack
{
    /// <summary>No image of this run is poisoned.</summary>
    public UnknownAttack() => PoisonRate = 0;

    /// <inheritdoc/>
    public override IReadOnlyList<MethodTrait> Traits => [];

    /// <inheritdoc/>
    public override Trigger CreateTrigger(int channels, int height, int width, SeedTree seeds) => new NoTrigger();
}
