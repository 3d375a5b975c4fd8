using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Training;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>What an attacker poisoned of its images.</summary>
/// <param name="Client">Its number.</param>
/// <param name="Images">Images that it holds.</param>
/// <param name="Candidates">Those that the attack may poison: under all-to-one the ones of other classes than the
/// target.</param>
/// <param name="Poisoned">Those that it poisoned.</param>
public sealed record AttackerPoison(int Client, int Images, int Candidates, int Poisoned);

/// <summary>How the training images came to the clients.</summary>
/// <param name="Available">Training images there are.</param>
/// <param name="Used">Those that belong to a client.</param>
/// <param name="PerPass">Those in whole batches when every client passes over its images once.</param>
/// <param name="Draws">How many draws it took, see <see cref="Shards.Draws"/>.</param>
public sealed record DealtImages(int Available, int Used, int PerPass, int Draws);

/// <summary>The images of all clients in one set, and whose they are. Attackers are the first clients.</summary>
public sealed class FederatedData
{
    // What a server could have at hand; enough for means and variances of channels.
    private const int MostReferenceImages = 1000;

    private readonly LateStamps? _stamps;

    private FederatedData(
        ImageSet images,
        Shards dealt,
        bool flipAllowed,
        IReadOnlyList<SampleChange> changes,
        bool stampLate,
        ImageSet reference
    )
    {
        (Images, Shards, Draws, FlipAllowed) = (images, dealt.Clients, dealt.Draws, flipAllowed);
        (Changes, Reference) = (changes, reference);
        Poisoned = Poisoner.MaskOf(images.Count, changes);
        _stamps = stampLate ? new(images.Count, changes) : null;
    }

    /// <summary>Images with the labels to learn, attackers' poison included.</summary>
    public ImageSet Images { get; }

    /// <summary>Indices of each client's images.</summary>
    public int[][] Shards { get; }

    /// <summary>How many draws the dealing took.</summary>
    public int Draws { get; }

    /// <summary>Whether a flip keeps labels.</summary>
    public bool FlipAllowed { get; }

    /// <summary>
    /// Up to 1,000 clean training images drawn at random: what statistics of batch normalisation are computed anew
    /// from.
    /// </summary>
    public ImageSet Reference { get; }

    /// <summary>What each attacker poisoned.</summary>
    public IReadOnlyList<AttackerPoison> Attackers { get; private init; } = [];

    /// <summary>Which images are poisoned.</summary>
    public IReadOnlyList<bool> Poisoned { get; }

    /// <summary>What attackers did to which images.</summary>
    public IReadOnlyList<SampleChange> Changes { get; }

    /// <summary>Deals the images and poisons those of the attackers.</summary>
    /// <param name="clean">Training images; not changed.</param>
    /// <param name="federation">Clients and attackers.</param>
    /// <param name="attack">Trigger, target and share of an attacker's images of other classes that are
    /// poisoned.</param>
    /// <param name="trigger">The attack's trigger.</param>
    /// <param name="attackers">How many of the first clients poison: none in the benign twin.</param>
    /// <param name="flipAllowed">Whether a flip keeps labels.</param>
    /// <param name="seeds">The same for victim and twin, so that both have the same shards.</param>
    /// <exception cref="NotApplicableException">The trigger cannot be split.</exception>
    /// <exception cref="SpecException">The images cannot be dealt, or the attackers would poison none.</exception>
    public static FederatedData Deal(
        ImageSet clean,
        Federation federation,
        Attack attack,
        Trigger trigger,
        int attackers,
        bool flipAllowed,
        SeedTree seeds
    )
    {
        var dealt = ClientShards.Deal(clean.Labels, clean.Classes, federation.Simulation, ShardSeeds(seeds));
        var poison = Poison(clean.Labels, dealt, attack, attackers);
        if (Fault(poison, attack) is { } fault)
        {
            throw new SpecException([fault]);
        }

        var images = clean.WithCopiedPixels();
        var changes = new List<SampleChange>();
        var parts = federation.Attacker.Stamps(trigger);
        for (var client = 0; client < attackers; client++)
        {
            var (part, own) = (parts[client % parts.Count], seeds.Child("poison").Child(client));
            changes.AddRange(Poisoner.PoisonInPlace(images, clean, dealt.Clients[client], attack, part, own));
        }

        var reference = clean.Draw(MostReferenceImages, seeds.Child("reference"));
        var stampLate = attack.StampAfterAugmentation && attackers > 0;
        return new(images, dealt, flipAllowed, changes, stampLate, reference) { Attackers = poison };
    }

    /// <summary>
    /// Why training images of these classes cannot be dealt and poisoned as asked; null when they can. The same dealing
    /// as <see cref="Deal"/> does with the same seeds, for numbers hang on the classes alone.
    /// </summary>
    /// <param name="labels">Classes in any order.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="federation">Clients and attackers, without faults of their own.</param>
    /// <param name="attack">Target and rate.</param>
    /// <param name="seeds">Those that <see cref="Deal"/> will get.</param>
    public static SpecFault? Fault(int[] labels, int classes, Federation federation, Attack attack, SeedTree seeds)
    {
        try
        {
            var dealt = ClientShards.Deal(labels, classes, federation.Simulation, ShardSeeds(seeds));
            return Fault(Poison(labels, dealt, attack, federation.Simulation.Attackers), attack);
        }
        catch (SpecException fault)
        {
            return fault.Faults[0];
        }
    }

    /// <summary>What became of the training images.</summary>
    internal DealtImages Dealt(int batchSize) =>
        new(
            Images.Count,
            Shards.Sum(shard => shard.Length),
            Shards.Sum(shard => shard.Length / batchSize * batchSize),
            Draws
        );

    /// <summary>Stamps the changed images of a batch where the attack stamps after augmentation.</summary>
    internal Tensor Stamped(Tensor images, int[] indices) => _stamps is null ? images : _stamps.Stamp(images, indices);

    private static SeedTree ShardSeeds(SeedTree seeds) => seeds.Child("shards");

    private static AttackerPoison[] Poison(int[] labels, Shards dealt, Attack attack, int attackers) =>
        [
            .. dealt
                .Clients.Take(attackers)
                .Select(
                    (shard, client) =>
                    {
                        var candidates = shard.Count(i => attack.IsCandidate(labels[i]));
                        return new AttackerPoison(
                            client,
                            shard.Length,
                            candidates,
                            Poisoner.CountAmong(candidates, attack)
                        );
                    }
                ),
        ];

    private static SpecFault? Fault(AttackerPoison[] poison, Attack attack)
    {
        if (poison.Length == 0 || attack.PoisonRate == 0 || poison.Any(attacker => attacker.Poisoned > 0))
        {
            return null;
        }

        var most = poison.Max(attacker => attacker.Candidates);
        return new(
            "attack.poisonRate",
            most == 0
                ? $"no attacker has an image of {attack.CandidateClass ?? "another class than the target"}, so none is poisoned: deal more evenly (IID, or a larger alpha), or take another target."
                : FormattableString.Invariant(
                    $"{attack.PoisonRate} of at most {most} images of {attack.CandidateClass ?? "other classes"} that an attacker has is no image: give at least {Math.Ceiling(1e4 / most) / 1e4:0.####}, or 0 to train without poison."
                )
        );
    }
}
