using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Attacks;

/// <summary>The training images that an attacker holds, and how many of them the poison rate asks for.</summary>
public sealed record PoisonChoice
{
    /// <summary>The whole training set before anybody changed it; an attacker looks at what it holds alone.</summary>
    public required ImageSet Images { get; init; }

    /// <summary>Indices of the images that the attacker holds: all of the set, or a client's.</summary>
    public required IReadOnlyList<int> Held { get; init; }

    /// <summary>Those that the attack may poison (<see cref="Attack.IsCandidate"/>), in the same order.</summary>
    public required IReadOnlyList<int> Candidates { get; init; }

    /// <summary>Images to poison, at most the candidates.</summary>
    public required int Count { get; init; }

    /// <summary>
    /// What this attacker stamps: the attack's trigger, or its part of it where attackers share it out.
    /// </summary>
    public required Trigger Trigger { get; init; }

    /// <summary>Random streams of the choice.</summary>
    public required SeedTree Seeds { get; init; }

    /// <summary><see cref="Count"/> random candidates, rising.</summary>
    public int[] Draw() => Draw(Candidates, Count, Seeds.Child("which"));

    /// <summary>
    /// Random images that the attacker holds besides those that are <paramref name="taken"/> already, rising.
    /// </summary>
    /// <param name="count">How many, at most all of the others.</param>
    /// <param name="taken">Indices to leave out.</param>
    /// <param name="stream">Name of the draw; every draw of an attack has another one.</param>
    public int[] DrawOthers(int count, IEnumerable<int> taken, string stream) =>
        Draw([.. Held.Except(taken)], count, Seeds.Child(stream));

    /// <summary>
    /// As many others as <paramref name="share"/> is of what the attacker holds, see
    /// <see cref="DrawOthers(int, IEnumerable{int}, string)"/>.
    /// </summary>
    public int[] DrawOthers(double share, IEnumerable<int> taken, string stream) =>
        DrawOthers(Poisoner.CountOf(Held.Count, share), taken, stream);

    /// <summary>
    /// For each of these images another that the attacker holds, as float [n,C,H,W] in [0,1]; an image has the same one
    /// whatever batch it comes in.
    /// </summary>
    /// <param name="indices">Numbers of images in the training set.</param>
    /// <param name="stream">Name of the draw; every draw of an attack has another one.</param>
    public Tensor Others(ReadOnlySpan<int> indices, string stream)
    {
        var seeds = Seeds.Child(stream);
        var others = new int[indices.Length];
        for (var i = 0; i < others.Length; i++)
        {
            others[i] = Held[seeds.Child(indices[i]).Random().Next(Held.Count)];
        }

        return Batches.Images(Images, others);
    }

    private static int[] Draw(IReadOnlyList<int> from, int count, SeedTree seeds)
    {
        int[] shuffled = [.. from];
        seeds.Random().Shuffle(shuffled);
        var chosen = shuffled[..Math.Min(count, shuffled.Length)];
        Array.Sort(chosen);
        return chosen;
    }
}
