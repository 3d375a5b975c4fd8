using System.Runtime.InteropServices;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Attacks;

/// <summary>
/// The mechanics that all poisoning attacks share: how many samples, stamping in pixel space, relabelling.
/// </summary>
public static class Poisoner
{
    private const int BatchSize = 256;

    /// <summary>
    /// Poisons round(rate x N) samples, or as many as may be poisoned: which and how is the attack's
    /// (<see cref="Attack.Choose"/>). With <see cref="Attack.StampAfterAugmentation"/> the pixels stay clean for the
    /// trainer to stamp, and only the labels change. The input is not touched.
    /// </summary>
    public static PoisonedSet Poison(ImageSet clean, Attack attack, Trigger trigger, SeedTree seeds)
    {
        var poisoned = clean.WithCopiedPixels();
        var count = CountOf(clean.Count, attack.PoisonRate);
        int[] all = [.. Enumerable.Range(0, clean.Count)];
        var changes = Change(poisoned, clean, all, _ => count, attack, trigger, seeds);
        return new(poisoned, MaskOf(clean.Count, changes), changes);
    }

    /// <summary>
    /// Poisons a client's images where they lie, floor(rate x candidates) of them. Returns what was done.
    /// </summary>
    /// <param name="images">A set of the caller's own; pixels and labels are changed.</param>
    /// <param name="clean">The same before anybody changed it.</param>
    /// <param name="among">Indices of the client's images.</param>
    /// <param name="attack">Rate, target, mapping.</param>
    /// <param name="trigger">What this client stamps.</param>
    /// <param name="seeds">Which images.</param>
    public static IReadOnlyList<SampleChange> PoisonInPlace(
        ImageSet images,
        ImageSet clean,
        int[] among,
        Attack attack,
        Trigger trigger,
        SeedTree seeds
    ) => Change(images, clean, among, candidates => CountAmong(candidates, attack), attack, trigger, seeds);

    /// <summary>Which of so many samples are the poison of some changes.</summary>
    public static bool[] MaskOf(int samples, IEnumerable<SampleChange> changes)
    {
        var mask = new bool[samples];
        foreach (var index in changes.Where(change => change.IsPoison).SelectMany(change => change.Indices))
        {
            mask[index] = true;
        }

        return mask;
    }

    /// <summary>
    /// How many images a rate asks for of a set in one place: round(rate x images), of the decimal number that was
    /// written and not of its nearest binary one.
    /// </summary>
    public static int CountOf(int images, double rate) =>
        (int)Math.Round((decimal)rate * images, MidpointRounding.AwayFromZero);

    /// <summary>How many of a client's candidates are poisoned: floor(rate x candidates).</summary>
    public static int CountAmong(int candidates, Attack attack) =>
        (int)Math.Floor((decimal)attack.PoisonRate * candidates);

    private static IReadOnlyList<SampleChange> Change(
        ImageSet images,
        ImageSet clean,
        int[] among,
        Func<int, int> count,
        Attack attack,
        Trigger trigger,
        SeedTree seeds
    )
    {
        int[] candidates = [.. among.Where(i => attack.IsCandidate(images.Labels[i]))];
        var changes = attack.Choose(
            new()
            {
                Images = clean,
                Held = among,
                Candidates = candidates,
                Count = Math.Min(count(candidates.Length), candidates.Length),
                Trigger = trigger,
                Seeds = seeds,
            }
        );
        int[] changed = [.. changes.SelectMany(change => change.Indices)];
        if (changed.Distinct().Count() < changed.Length)
        {
            throw new InvalidOperationException("The attack changes an image twice.");
        }

        foreach (var change in changes)
        {
            foreach (var index in change.MovesLabel ? change.Indices : [])
            {
                images.Labels[index] = attack.Map(images.Labels[index], images.Classes);
            }

            if (!attack.StampAfterAugmentation)
            {
                StampInPlace(images, change.Indices, change.Trigger);
            }
        }

        return changes;
    }

    /// <summary>
    /// Every test image with the trigger, true labels kept. Metrics leave out those whose true label is already the
    /// intended one.
    /// </summary>
    public static TriggeredSet Trigger(ImageSet test, Attack attack, Trigger trigger) =>
        new(Stamp(test, trigger), test.Labels, [.. test.Labels.Select(label => attack.Map(label, test.Classes))]);

    /// <summary>A copy of a set with the trigger on every image; labels stay.</summary>
    public static ImageSet Stamp(ImageSet images, Trigger trigger)
    {
        var stamped = images.WithCopiedPixels();
        StampInPlace(stamped, [.. Enumerable.Range(0, images.Count)], trigger);
        return stamped;
    }

    /// <summary>Stamps the images at <paramref name="indices"/> and rounds back to 8 bits.</summary>
    private static void StampInPlace(ImageSet set, int[] indices, Trigger trigger)
    {
        var plane = set.Height * set.Width;
        for (var start = 0; start < indices.Length; start += BatchSize)
        {
            using var scope = NewDisposeScope();
            var batch = indices.AsSpan(start, Math.Min(BatchSize, indices.Length - start));
            var stamped = trigger.Apply(Batches.Images(set, batch), batch).contiguous();
            var values = MemoryMarshal.Cast<byte, float>(stamped.bytes);
            for (var i = 0; i < batch.Length; i++)
            {
                var target = set.Pixels.AsSpan(batch[i] * set.ImageBytes, set.ImageBytes);
                for (var p = 0; p < target.Length; p++)
                {
                    target[p] = (byte)MathF.Round(values[i * plane * set.Channels + p] * 255f);
                }
            }
        }
    }
}
