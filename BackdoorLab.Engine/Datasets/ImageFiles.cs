using BackdoorLab.Engine.Core;
using SkiaSharp;

namespace BackdoorLab.Engine.Datasets;

/// <summary>Reads JPEG, PNG and PPM pictures and writes PNG.</summary>
public static class ImageFiles
{
    private static readonly string[] Extensions = [".jpg", ".jpeg", ".png", ".ppm"];

    /// <summary>Writes a picture as PNG.</summary>
    /// <param name="image">Interleaved pixels, 1 or 3 channels.</param>
    /// <param name="stream">Receives the file.</param>
    /// <param name="scale">Whole-number enlargement without smoothing, so that single pixels can be seen.</param>
    public static void WritePng(PixelImage image, Stream stream, int scale = 1) =>
        stream.Write(EncodePng(image.Pixels, image.Width, image.Height, image.Channels, scale));

    /// <summary>Encodes interleaved 8-bit pixels (grey or RGB) as PNG.</summary>
    /// <param name="pixels">Row-major, <paramref name="height"/> * <paramref name="width"/> * <paramref name="channels"/> bytes.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <param name="channels">1 or 3.</param>
    /// <param name="scale">Whole-number enlargement without smoothing.</param>
    public static byte[] EncodePng(ReadOnlySpan<byte> pixels, int width, int height, int channels, int scale = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        ArgumentOutOfRangeException.ThrowIfLessThan(scale, 1);
        if (channels is not (1 or 3))
        {
            throw new ArgumentOutOfRangeException(nameof(channels), channels, "1 (grey) or 3 (RGB) expected.");
        }

        if (pixels.Length != width * height * channels)
        {
            throw new ArgumentException($"{pixels.Length} bytes for {width} x {height} x {channels}.", nameof(pixels));
        }

        var info = new SKImageInfo(
            width * scale, height * scale, channels == 1 ? SKColorType.Gray8 : SKColorType.Rgba8888, SKAlphaType.Opaque);
        var target = new byte[info.BytesSize];
        for (var y = 0; y < height * scale; y++)
        {
            var from = pixels.Slice(y / scale * width * channels, width * channels);
            var to = target.AsSpan(y * info.RowBytes, info.RowBytes);
            for (var x = 0; x < width * scale; x++)
            {
                if (channels == 1)
                {
                    to[x] = from[x / scale];
                }
                else
                {
                    from.Slice(x / scale * 3, 3).CopyTo(to[(4 * x)..]);
                    to[4 * x + 3] = 255;
                }
            }
        }

        using var image = SKImage.FromPixelCopy(info, target);
        using var data = image.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }

    /// <summary>Whether a file name has the ending of a readable picture.</summary>
    internal static bool IsPicture(string file) => Extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Decodes a picture to RGB, completely or not at all; transparency is dropped and orientation marks are ignored, as the field's scripts do.
    /// </summary>
    internal static Bitmap Decode(string file, string remedy)
    {
        var bytes = DataFile.ReadAll(file, remedy);
        if (Path.GetExtension(file).Equals(".ppm", StringComparison.OrdinalIgnoreCase))
        {
            return Ppm.Decode(file, bytes, remedy);
        }

        using var data = SKData.CreateCopy(bytes);
        using var codec = SKCodec.Create(data)
            ?? throw DataFile.Damaged(file, 0, "this is not a JPEG or PNG picture.", remedy);
        var info = new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        using var bitmap = new SKBitmap(info);
        var result = codec.GetPixels(info, bitmap.GetPixels());
        if (result != SKCodecResult.Success)
        {
            throw DataFile.Damaged(
                file, bytes.Length, $"the picture is cut off or corrupt ({result}); {info.Width} x {info.Height} pixels expected.", remedy);
        }

        return new(info.Width, info.Height, DropAlpha(bitmap.GetPixelSpan(), info.Width * info.Height));
    }

    /// <summary>Checks that a picture's header can be read.</summary>
    internal static void Check(string file, string remedy)
    {
        if (Path.GetExtension(file).Equals(".ppm", StringComparison.OrdinalIgnoreCase))
        {
            Ppm.Check(file, remedy);
            return;
        }

        using var stream = File.OpenRead(file);
        using var codec = SKCodec.Create(stream);
        if (codec is null)
        {
            throw DataFile.Damaged(file, 0, "this is not a JPEG or PNG picture.", remedy);
        }
    }

    private static byte[] DropAlpha(ReadOnlySpan<byte> pixels, int count)
    {
        var output = new byte[count * 3];
        for (var i = 0; i < count; i++)
        {
            pixels.Slice(4 * i, 3).CopyTo(output.AsSpan(3 * i));
        }

        return output;
    }
}
