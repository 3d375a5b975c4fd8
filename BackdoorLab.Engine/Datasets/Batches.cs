using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Datasets;

/// <summary>
/// The data pipeline: one tight loop that gathers, crops, flips and scales images from the byte array straight into the
/// native memory of a channels-last float tensor. No managed object per image, no copy.
/// </summary>
public static class Batches
{
    private static readonly float[] Scale = [.. Enumerable.Range(0, 256).Select(value => value / 255f)];

    /// <summary>Images at <paramref name="indices"/> as float [n,C,H,W] in [0,1], channels-last.</summary>
    public static Tensor Images(ImageSet set, ReadOnlySpan<int> indices) => Images(set, indices, default, null);

    /// <summary>All images of a small set as float [N,C,H,W] in [0,1], channels-last.</summary>
    public static Tensor Images(ImageSet set) => Images(set, [.. Enumerable.Range(0, set.Count)]);

    /// <summary>
    /// Augmented images at <paramref name="indices"/> as float [n,C,H,W] in [0,1], channels-last; draws from
    /// <paramref name="random"/>.
    /// </summary>
    public static unsafe Tensor Images(
        ImageSet set,
        ReadOnlySpan<int> indices,
        Augmentation augmentation,
        Random? random
    )
    {
        var (channels, height, width) = (set.Channels, set.Height, set.Width);
        var imageBytes = set.ImageBytes;
        ArgumentOutOfRangeException.ThrowIfNotEqual(set.Pixels.Length, set.Count * imageBytes);
        var (pad, mayFlip) = random is null ? (0, false) : (augmentation.CropPadding, augmentation.Flip);
        var mirrored = mayFlip ? augmentation.Mirrored : null;
        Span<int> columns = stackalloc int[augmentation.Reflect && pad > 0 ? width : 0];
        var batch = empty(new long[] { indices.Length, height, width, channels }, dtype: ScalarType.Float32);
        fixed (byte* pixels = set.Pixels)
        fixed (
            float* scale = Scale,
                target = MemoryMarshal.Cast<byte, float>(batch.bytes)
        )
        {
            for (var i = 0; i < indices.Length; i++)
            {
                if ((uint)indices[i] >= (uint)set.Count)
                {
                    batch.Dispose();
                    throw new ArgumentOutOfRangeException(
                        nameof(indices),
                        indices[i],
                        $"The set has {set.Count} images."
                    );
                }

                var shiftY = pad > 0 ? random!.Next(2 * pad + 1) - pad : 0;
                var shiftX = pad > 0 ? random!.Next(2 * pad + 1) - pad : 0;
                var flip = mayFlip && (mirrored?[indices[i]] ?? (random!.Next(2) == 1));
                var from = pixels + (long)indices[i] * imageBytes;
                var to = target + (long)i * imageBytes;
                if (columns.IsEmpty)
                {
                    Write(from, to, scale, channels, height, width, shiftY, shiftX, flip);
                }
                else
                {
                    Reflected(columns, shiftX, flip);
                    WriteReflected(from, to, scale, channels, height, columns, shiftY);
                }
            }
        }

        var result = batch.permute(0, 3, 1, 2);
        batch.Dispose();
        return result;
    }

    /// <summary>Labels at <paramref name="indices"/> as int64 [n].</summary>
    public static Tensor Labels(ImageSet set, ReadOnlySpan<int> indices)
    {
        var labels = new long[indices.Length];
        for (var i = 0; i < labels.Length; i++)
        {
            labels[i] = set.Labels[indices[i]];
        }

        return tensor(labels);
    }

    private static unsafe void Write(
        byte* source,
        float* output,
        float* scale,
        int channels,
        int height,
        int width,
        int shiftY,
        int shiftX,
        bool flip
    )
    {
        // Output column x shows source column (flip ? width - 1 - x : x) + shiftX: the visible columns are one run, the
        // rest is zero.
        var (first, end, step) = flip
            ? (Math.Max(0, shiftX), Math.Min(width, width + shiftX), -1)
            : (Math.Max(0, -shiftX), Math.Min(width, width - shiftX), 1);
        var start = (flip ? width - 1 - first : first) + shiftX;
        var plane = height * width;
        var row = width * channels;
        for (var y = 0; y < height; y++, output += row)
        {
            var sourceY = y + shiftY;
            if ((uint)sourceY >= (uint)height || end <= first)
            {
                new Span<float>(output, row).Clear();
                continue;
            }

            new Span<float>(output, first * channels).Clear();
            new Span<float>(output + end * channels, (width - end) * channels).Clear();
            var from = source + sourceY * width + start;
            var to = output + first * channels;
            if (channels == 3)
            {
                WriteColourRun(from, from + plane, from + 2 * plane, to, scale, end - first, step);
            }
            else
            {
                for (var c = 0; c < channels; c++)
                {
                    WriteRun(from + c * plane, to + c, scale, end - first, step, channels);
                }
            }
        }
    }

    /// <summary>Which column of the image each column of the output shows.</summary>
    private static void Reflected(Span<int> columns, int shift, bool flip)
    {
        for (var x = 0; x < columns.Length; x++)
        {
            columns[x] = Reflect((flip ? columns.Length - 1 - x : x) + shift, columns.Length);
        }
    }

    private static int Reflect(int at, int size) =>
        at < 0 ? -at
        : at < size ? at
        : 2 * (size - 1) - at;

    private static unsafe void WriteReflected(
        byte* source,
        float* output,
        float* scale,
        int channels,
        int height,
        ReadOnlySpan<int> columns,
        int shiftY
    )
    {
        var plane = height * columns.Length;
        for (var y = 0; y < height; y++)
        {
            var row = source + Reflect(y + shiftY, height) * columns.Length;
            foreach (var x in columns)
            {
                for (var c = 0; c < channels; c++)
                {
                    *output++ = scale[row[c * plane + x]];
                }
            }
        }
    }

    private static unsafe void WriteColourRun(
        byte* red,
        byte* green,
        byte* blue,
        float* to,
        float* scale,
        int count,
        int step
    )
    {
        var at = 0;
        for (var i = 0; i < count; i++, at += step, to += 3)
        {
            to[0] = scale[red[at]];
            to[1] = scale[green[at]];
            to[2] = scale[blue[at]];
        }
    }

    private static unsafe void WriteRun(byte* from, float* to, float* scale, int count, int step, int stride)
    {
        for (var i = 0; i < count; i++, from += step, to += stride)
        {
            *to = scale[*from];
        }
    }
}
