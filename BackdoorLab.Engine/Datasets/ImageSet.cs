using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Datasets;

/// <summary>
/// Labelled images of one size in memory: one byte array and one label array, no object per image. Immutable by
/// convention: nobody writes into the arrays of a set that another part can see; <see cref="WithCopiedPixels"/> makes a
/// writable copy.
/// </summary>
/// <param name="Pixels">uint8 [N, C, H, W] row-major, 0..255.</param>
/// <param name="Labels">Class index of each image, 0..<see cref="Classes"/> - 1.</param>
/// <param name="Channels">1 or 3 (RGB).</param>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
/// <param name="ClassNames">Name of each class; its length is the number of classes.</param>
public sealed record ImageSet(
    byte[] Pixels,
    int[] Labels,
    int Channels,
    int Height,
    int Width,
    IReadOnlyList<string> ClassNames
)
{
    /// <summary>
    /// Group of each image whose members show the same physical object (GTSRB tracks), or null. A split must keep
    /// groups whole.
    /// </summary>
    public int[]? Groups { get; init; }

    /// <summary>Number of images.</summary>
    public int Count => Labels.Length;

    /// <summary>Number of classes.</summary>
    public int Classes => ClassNames.Count;

    /// <summary>Bytes of one image: C * H * W.</summary>
    public int ImageBytes => Channels * Height * Width;

    /// <summary>The pixels of image <paramref name="index"/>, [C, H, W].</summary>
    public ReadOnlySpan<byte> Image(int index) => Pixels.AsSpan(index * ImageBytes, ImageBytes);

    /// <summary>Pixels [C, H, W] of an image of this size as a picture, its channels interleaved.</summary>
    public PixelImage Picture(string caption, ReadOnlySpan<byte> planes)
    {
        var plane = Height * Width;
        var pixels = new byte[planes.Length];
        for (var p = 0; p < plane; p++)
        {
            for (var c = 0; c < Channels; c++)
            {
                pixels[p * Channels + c] = planes[c * plane + p];
            }
        }

        return new(caption, Width, Height, Channels, pixels);
    }

    /// <summary>The images at <paramref name="indices"/>, in that order, copied.</summary>
    public ImageSet Select(ReadOnlySpan<int> indices)
    {
        var pixels = new byte[indices.Length * ImageBytes];
        var labels = new int[indices.Length];
        var groups = Groups is null ? null : new int[indices.Length];
        for (var i = 0; i < indices.Length; i++)
        {
            Image(indices[i]).CopyTo(pixels.AsSpan(i * ImageBytes));
            labels[i] = Labels[indices[i]];
            if (groups is not null)
            {
                groups[i] = Groups![indices[i]];
            }
        }

        return this with
        {
            Pixels = pixels,
            Labels = labels,
            Groups = groups,
        };
    }

    /// <summary>
    /// So many images drawn at random, or all there are in random order: sets may be ordered by class, so the first
    /// ones would not do.
    /// </summary>
    public ImageSet Draw(int count, SeedTree seeds)
    {
        int[] order = [.. Enumerable.Range(0, Count)];
        seeds.Random().Shuffle(order);
        return Select(order.AsSpan(0, Math.Min(count, Count)));
    }

    /// <summary>The same set with its own copy of pixels and labels, free to be written.</summary>
    public ImageSet WithCopiedPixels() => this with { Pixels = (byte[])Pixels.Clone(), Labels = (int[])Labels.Clone() };
}
