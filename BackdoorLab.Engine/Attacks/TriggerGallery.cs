using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Attacks;

/// <summary>Pictures of an attack: clean image, the same image with the trigger, and the difference.</summary>
public static class TriggerGallery
{
    private const int Amplify = 2;

    /// <summary>Three pictures for each of the first <paramref name="samples"/> images of different classes.</summary>
    /// <param name="clean">Where samples come from.</param>
    /// <param name="triggered">The same images, in the same order, with the trigger.</param>
    /// <param name="samples">How many images.</param>
    public static IReadOnlyList<PixelImage> Make(ImageSet clean, TriggeredSet triggered, int samples)
    {
        var images = new List<PixelImage>();
        var chosen = Enumerable.Range(0, clean.Count).DistinctBy(i => clean.Labels[i]).Take(samples);
        foreach (var index in chosen)
        {
            var before = clean.Image(index);
            var after = triggered.Images.Image(index);
            var residual = new byte[before.Length];
            for (var p = 0; p < residual.Length; p++)
            {
                residual[p] = (byte)Math.Clamp(128 + (Amplify * (after[p] - before[p]) / 2), 0, 255);
            }

            var name = clean.ClassNames[clean.Labels[index]];
            images.Add(Picture($"Clean: {name}", before, clean));
            images.Add(Picture($"With the trigger, meant as {clean.ClassNames[triggered.IntendedLabels[index]]}", after, clean));
            images.Add(Picture("Difference (grey is none)", residual, clean));
        }

        return images;
    }

    /// <summary>One image with its channels interleaved.</summary>
    public static PixelImage Picture(string caption, ReadOnlySpan<byte> planes, ImageSet set)
    {
        var plane = set.Height * set.Width;
        var pixels = new byte[planes.Length];
        for (var p = 0; p < plane; p++)
        {
            for (var c = 0; c < set.Channels; c++)
            {
                pixels[p * set.Channels + c] = planes[c * plane + p];
            }
        }

        return new(caption, set.Width, set.Height, set.Channels, pixels);
    }
}
