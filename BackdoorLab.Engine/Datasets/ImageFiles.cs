using SkiaSharp;

namespace BackdoorLab.Engine.Datasets;

/// <summary>
/// Reads JPEG, PNG, PPM, BMP, WebP and GIF pictures (of the latter two the first frame) and writes PNG.
/// </summary>
public static class ImageFiles
{
    /// <summary>The kinds that are read, in words.</summary>
    internal const string Kinds = "JPEG, PNG, PPM, BMP, WebP or GIF";

    /// <summary>
    /// Most pixels of a picture: decoding takes seven bytes for each, whatever the size of the file that asks for them.
    /// </summary>
    internal const long MostPixels = 50_000_000;

    private const long MostBytes = 256 << 20;

    private static readonly HashSet<string> Extensions = new(StringComparer.OrdinalIgnoreCase)
    {
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".ppm",
        ".bmp",
        ".dib",
        ".webp",
        ".gif",
    };

    private static readonly HashSet<string> UnreadExtensions = new(StringComparer.OrdinalIgnoreCase)
    {
        ".tif",
        ".tiff",
        ".heic",
        ".heif",
        ".avif",
        ".jp2",
        ".j2k",
        ".jxl",
        ".tga",
        ".pgm",
        ".pbm",
        ".pnm",
        ".pcx",
        ".psd",
        ".svg",
        ".ico",
        ".exr",
        ".hdr",
        ".dcm",
        ".raw",
        ".cr2",
        ".nef",
        ".dng",
    };

    /// <summary>Writes a picture as PNG.</summary>
    /// <param name="image">Interleaved pixels, 1 or 3 channels.</param>
    /// <param name="stream">Receives the file.</param>
    /// <param name="scale">Whole-number enlargement without smoothing, so that single pixels can be seen.</param>
    public static void WritePng(PixelImage image, Stream stream, int scale = 1) =>
        stream.Write(EncodePng(image.Pixels, image.Width, image.Height, image.Channels, scale));

    /// <summary>Encodes interleaved 8-bit pixels (grey or RGB) as PNG.</summary>
    /// <param name="pixels">Row-major, <paramref name="height"/> * <paramref name="width"/> *
    /// <paramref name="channels"/> bytes.</param>
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
            width * scale,
            height * scale,
            channels == 1 ? SKColorType.Gray8 : SKColorType.Rgba8888,
            SKAlphaType.Opaque
        );
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

    /// <summary>Whether a file name has the ending of a picture that is read.</summary>
    internal static bool IsPicture(string file) => Extensions.Contains(Path.GetExtension(file));

    /// <summary>Whether a file name has the ending of a picture of a kind that is not read.</summary>
    internal static bool IsUnreadPicture(string file) => UnreadExtensions.Contains(Path.GetExtension(file));

    /// <summary>Refuses a size that no memory should be asked for.</summary>
    internal static void CheckSize(string file, long width, long height, string remedy)
    {
        if (width * height > MostPixels)
        {
            throw DataFile.Damaged(
                file,
                0,
                $"the picture has {DataFile.Number(width)} x {DataFile.Number(height)} pixels; at most {DataFile.Number(MostPixels)} are read. Make it smaller.",
                remedy
            );
        }
    }

    /// <summary>
    /// Decodes a picture to RGB, completely or not at all; transparency is dropped and orientation marks are ignored,
    /// as the field's scripts do.
    /// </summary>
    internal static Bitmap Decode(string file, string remedy)
    {
        var bytes = DataFile.ReadAll(file, remedy, MostBytes);
        if (IsPpm(file))
        {
            return Ppm.Decode(file, bytes, remedy);
        }

        using var data = SKData.CreateCopy(bytes);
        using var codec = SKCodec.Create(data) ?? throw NoPicture(file, bytes, remedy);
        CheckSize(file, codec.Info.Width, codec.Info.Height, remedy);
        var info = new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        using var bitmap = new SKBitmap(info);
        var result = codec.GetPixels(info, bitmap.GetPixels());
        if (result != SKCodecResult.Success)
        {
            throw DataFile.Damaged(
                file,
                bytes.Length,
                $"the picture is cut off or corrupt ({result}); {info.Width} x {info.Height} pixels expected.",
                remedy
            );
        }

        return new(info.Width, info.Height, DropAlpha(bitmap.GetPixelSpan(), info.Width * info.Height));
    }

    /// <summary>Checks that a picture's header can be read and returns its size.</summary>
    internal static (int Width, int Height) Check(string file, string remedy)
    {
        if (IsPpm(file))
        {
            return Ppm.Check(file, remedy);
        }

        using var stream = DataFile.Open(file, remedy);
        using var codec = SKCodec.Create(stream);
        if (codec is null)
        {
            throw NoPicture(file, DataFile.ReadAll(file, remedy, MostBytes), remedy);
        }

        CheckSize(file, codec.Info.Width, codec.Info.Height, remedy);
        return (codec.Info.Width, codec.Info.Height);
    }

    private static bool IsPpm(string file) =>
        Path.GetExtension(file).Equals(".ppm", StringComparison.OrdinalIgnoreCase);

    private static DatasetException NoPicture(string file, ReadOnlySpan<byte> start, string remedy)
    {
        var what = start switch
        {
            [(byte)'I', (byte)'I', 42, 0, ..] or [(byte)'M', (byte)'M', 0, 42, ..] => "TIFF",
            [(byte)'v', (byte)'e', (byte)'r', (byte)'s', (byte)'i', (byte)'o', (byte)'n', (byte)' ', ..] =>
                "a Git LFS pointer, the picture itself was not fetched",
            [(byte)'<', ..] => "a web page or other text",
            [(byte)'P', (byte)'K', 3, 4, ..] => "a zip archive",
            [_, _, _, _, (byte)'f', (byte)'t', (byte)'y', (byte)'p', ..] => "HEIF or AVIF",
            _ => "of another kind or damaged",
        };
        return DataFile.Damaged(file, 0, $"this is not a {Kinds} picture (it is {what}).", remedy);
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
