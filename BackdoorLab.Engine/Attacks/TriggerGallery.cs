using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Attacks;

/// <summary>
/// Pictures of an attack: the trigger alone, clean images, the same images with the trigger, and the differences.
/// </summary>
public static class TriggerGallery
{
    private const int Grey = 128;
    private const double LargestGain = 16;

    /// <summary>
    /// The trigger, then three pictures for each of the first <paramref name="samples"/> images of different classes
    /// that the attack relabels.
    /// </summary>
    /// <param name="clean">Where samples come from.</param>
    /// <param name="triggered">The same images, in the same order, with the trigger.</param>
    /// <param name="samples">How many images.</param>
    /// <param name="trigger">The trigger to show alone; null leaves that picture out.</param>
    public static IReadOnlyList<PixelImage> Make(
        ImageSet clean,
        TriggeredSet triggered,
        int samples,
        Trigger? trigger = null
    )
    {
        var images = new List<PixelImage>();
        if (trigger is not null && clean.Count > 0)
        {
            images.Add(Picture("Trigger (grey is untouched)", Alone(trigger, clean), clean));
        }

        // An image of the target class would show an attack that changes nothing.
        var chosen = Enumerable
            .Range(0, clean.Count)
            .Where(i => clean.Labels[i] != triggered.IntendedLabels[i])
            .DistinctBy(i => clean.Labels[i])
            .Take(samples);
        foreach (var index in chosen)
        {
            var before = clean.Image(index);
            var after = triggered.Images.Image(index);
            var (residual, gain) = Residual(before, after);
            var name = clean.ClassNames[clean.Labels[index]];
            images.Add(Picture($"Clean: {name}", before, clean));
            images.Add(
                Picture($"With the trigger, meant as {clean.ClassNames[triggered.IntendedLabels[index]]}", after, clean)
            );
            images.Add(
                Picture(FormattableString.Invariant($"Difference x {gain:0.#} (grey is none)"), residual, clean)
            );
        }

        return images;
    }

    /// <summary>
    /// The difference around middle grey, amplified so that its largest value just fills the range; the gain is at
    /// least 0.5 (a black pixel turned white) and at most 16.
    /// </summary>
    public static (byte[] Pixels, double Gain) Residual(ReadOnlySpan<byte> before, ReadOnlySpan<byte> after)
    {
        var largest = 0;
        for (var p = 0; p < before.Length; p++)
        {
            largest = Math.Max(largest, Math.Abs(after[p] - before[p]));
        }

        var gain = largest == 0 ? 1 : Math.Min(LargestGain, (Grey - 1.0) / largest);
        var residual = new byte[before.Length];
        for (var p = 0; p < residual.Length; p++)
        {
            residual[p] = (byte)Math.Round(Grey + gain * (after[p] - before[p]));
        }

        return (residual, gain);
    }

    // A mask shows its full pattern wherever it acts at all; any other trigger shows what it makes of a grey image.
    private static byte[] Alone(Trigger trigger, ImageSet like)
    {
        var pixels = new byte[like.ImageBytes];
        Array.Fill(pixels, (byte)Grey);
        if (trigger is MaskTrigger { Mask: var mask, Pattern: var pattern })
        {
            for (var p = 0; p < pixels.Length; p++)
            {
                pixels[p] = mask[p % mask.Length] > 0 ? (byte)MathF.Round(255 * pattern[p]) : pixels[p];
            }

            return pixels;
        }

        return Poisoner.Stamp(like with { Pixels = pixels, Labels = [0], Groups = null }, trigger).Pixels;
    }

    /// <summary>One image with its channels interleaved.</summary>
    public static PixelImage Picture(string caption, ReadOnlySpan<byte> planes, ImageSet set) =>
        set.Picture(caption, planes);
}
