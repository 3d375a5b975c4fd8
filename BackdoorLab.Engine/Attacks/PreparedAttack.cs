using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Attacks;

/// <summary>
/// An attack whose trigger is made from training images and a network that the attacker trains on them first. What it
/// makes is its asset: a stage of its own before the poisoning, which runs with the same network, data and
/// <see cref="AssetForm"/> share. The attacker's network is of the victim's architecture, trained by the victim's
/// recipe on clean images with random streams of its own; it is never the benign twin that defenses are scored on.
/// </summary>
public abstract record PreparedAttack : Attack
{
    /// <summary>
    /// This attack with everything at its default that does not decide its asset: what the asset's key knows of it.
    /// </summary>
    public abstract PreparedAttack AssetForm();

    /// <summary>Image passes of <see cref="MakeAsset"/> with input gradients, for time estimates.</summary>
    public abstract double AssetImages(int trainCount, int classes);

    /// <summary>Makes the asset. Deterministic in the context's random streams.</summary>
    /// <exception cref="SpecException">The images do not hold what it is made of.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; it is then made anew.</exception>
    public abstract AttackAsset MakeAsset(AssetContext context);

    /// <summary>The trigger as it is tried on test images.</summary>
    public abstract Trigger CreateTrigger(AttackAsset asset, int channels, int height, int width);

    /// <inheritdoc/>
    /// <exception cref="NotApplicableException">Always: without its asset there is no trigger.</exception>
    public sealed override Trigger CreateTrigger(int channels, int height, int width, SeedTree seeds) =>
        throw new NotApplicableException(
            $"The trigger of {MethodCatalog.Default.For(this).Name} is made in the run, on a network that the attacker trains first."
        );
}
