using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Datasets;

/// <summary>
/// The data pipeline: one tight loop that gathers, crops, flips and scales images from the byte array straight into the native
/// memory of a channels-last float tensor. No managed object per image, no copy.
/// </summary>
public static class Batches
{
    private static readonly float[] Scale = [.. Enumerable.Range(0, 256).Select(value => value / 255f)];

    /// <summary>Images at <paramref name="indices"/> as float [n,C,H,W] in [0,1], channels-last.</summary>
    public static Tensor Images(ImageSet set, ReadOnlySpan<int> indices) => Images(set, indices, default, null);

    /// <summary>All images of a small set as float [N,C,H,W] in [0,1], channels-last.</summary>
    public static Tensor Images(ImageSet set) => Images(set, [.. Enumerable.Range(0, set.Count)]);

    /// <summary>Augmented images at <paramref name="indices"/> as float [n,C,H,W] in [0,1], channels-last; draws from <paramref name="random"/>.</summary>
    public static Tensor Images(ImageSet set, ReadOnlySpan<int> indices, Augmentation augmentation, Random? random)
    {
        var (channels, height, width) = (set.Channels, set.Height, set.Width);
        var batch = empty(new long[] { indices.Length, height, width, channels }, dtype: ScalarType.Float32);
        var target = MemoryMarshal.Cast<byte, float>(batch.bytes);
        var plane = height * width;
        for (var i = 0; i < indices.Length; i++)
        {
            var source = set.Image(indices[i]);
            var output = target.Slice(i * plane * channels, plane * channels);
            var (shiftY, shiftX, flip) = (0, 0, false);
            if (random is not null)
            {
                var pad = augmentation.CropPadding;
                shiftY = pad > 0 ? random.Next(2 * pad + 1) - pad : 0;
                shiftX = pad > 0 ? random.Next(2 * pad + 1) - pad : 0;
                flip = augmentation.Flip && random.Next(2) == 1;
            }

            Write(source, output, channels, height, width, shiftY, shiftX, flip);
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

    private static void Write(
        ReadOnlySpan<byte> source, Span<float> output, int channels, int height, int width, int shiftY, int shiftX, bool flip)
    {
        var plane = height * width;
        var scale = Scale;
        for (var y = 0; y < height; y++)
        {
            var sourceY = y + shiftY;
            var row = output.Slice(y * width * channels, width * channels);
            if ((uint)sourceY >= (uint)height)
            {
                row.Clear();
                continue;
            }

            for (var x = 0; x < width; x++)
            {
                var sourceX = (flip ? width - 1 - x : x) + shiftX;
                var inside = (uint)sourceX < (uint)width;
                for (var c = 0; c < channels; c++)
                {
                    row[x * channels + c] = inside ? scale[source[c * plane + sourceY * width + sourceX]] : 0f;
                }
            }
        }
    }
}
