using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Training;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>The images of all clients in one set, and whose they are. Attackers are the first clients.</summary>
public sealed class FederatedData
{
    private readonly Trigger[]? _stamps;
    private readonly bool[] _mask;

    private FederatedData(ImageSet images, int[][] shards, bool flipAllowed, bool[] mask, Trigger[]? stamps) =>
        (Images, Shards, FlipAllowed, _mask, _stamps) = (images, shards, flipAllowed, mask, stamps);

    /// <summary>Images with the labels to learn, attackers' poison included.</summary>
    public ImageSet Images { get; }

    /// <summary>Indices of each client's images.</summary>
    public int[][] Shards { get; }

    /// <summary>Whether a flip keeps labels.</summary>
    public bool FlipAllowed { get; }

    /// <summary>Which images are poisoned.</summary>
    public IReadOnlyList<bool> Poisoned => _mask;

    /// <summary>Deals the images and poisons those of the attackers.</summary>
    /// <param name="clean">Training images; not changed.</param>
    /// <param name="federation">Clients and attackers.</param>
    /// <param name="attack">Trigger, target and share of an attacker's images of other classes that are poisoned.</param>
    /// <param name="trigger">The attack's trigger.</param>
    /// <param name="attackers">How many of the first clients poison: none in the benign twin.</param>
    /// <param name="flipAllowed">Whether a flip keeps labels.</param>
    /// <param name="seeds">The same for victim and twin, so that both have the same shards.</param>
    /// <exception cref="NotApplicableException">The trigger cannot be split.</exception>
    public static FederatedData Deal(
        ImageSet clean, Federation federation, Attack attack, Trigger trigger, int attackers, bool flipAllowed, SeedTree seeds)
    {
        var shards = ClientShards.Deal(clean.Labels, clean.Classes, federation.Simulation, seeds.Child("shards"));
        var images = clean.WithCopiedPixels();
        var mask = new bool[clean.Count];
        var parts = federation.Attacker.SplitsTrigger
            ? trigger.Split() ?? throw new NotApplicableException("DBA needs a trigger of separate pixels to share out; this attack's covers the image as a whole.")
            : [trigger];
        for (var client = 0; client < attackers; client++)
        {
            var chosen = Poisoner.PoisonInPlace(images, shards[client], attack, parts[client % parts.Length], seeds.Child("poison").Child(client));
            Array.ForEach(chosen, index => mask[index] = true);
        }

        return new(images, shards, flipAllowed, mask, attack.StampAfterAugmentation && attackers > 0 ? parts : null);
    }

    /// <summary>Stamps a client's poisoned images of a batch where the attack stamps after augmentation.</summary>
    internal Tensor Stamped(int client, Tensor images, int[] indices) =>
        _stamps is null ? images : TrainingStep.Stamp(images, indices, _mask, _stamps[client % _stamps.Length].Apply);
}
