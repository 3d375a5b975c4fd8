using System.Buffers.Binary;
using BackdoorLab.Engine.Datasets;
using SkiaSharp;

namespace BackdoorLab.Engine.Tests.Datasets;

/// <summary>Small pictures of one colour in the kinds that people have.</summary>
internal static class Pictures
{
    public static byte[] Png(int width, int height, byte red, byte green, byte blue)
    {
        var pixels = new byte[width * height * 3];
        for (var i = 0; i < pixels.Length; i += 3)
        {
            (pixels[i], pixels[i + 1], pixels[i + 2]) = (red, green, blue);
        }

        return ImageFiles.EncodePng(pixels, width, height, 3);
    }

    /// <summary>24 bits a pixel, rows from the bottom, padded to four bytes.</summary>
    public static byte[] Bmp(int width, int height, byte red, byte green, byte blue)
    {
        var row = (width * 3 + 3) / 4 * 4;
        var bytes = new byte[54 + row * height];
        "BM"u8.CopyTo(bytes);
        foreach (var (at, value) in ((int, int)[])[(2, bytes.Length), (10, 54), (14, 40), (18, width), (22, height)])
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at), value);
        }

        (bytes[26], bytes[28]) = (1, 24);
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                new[] { blue, green, red }.CopyTo(bytes, 54 + y * row + 3 * x);
            }
        }

        return bytes;
    }

    public static byte[] WebP(int width, int height, byte red, byte green, byte blue)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        bitmap.Erase(new SKColor(red, green, blue));
        using var pixels = bitmap.PeekPixels();
        using var data = pixels.Encode(new SKWebpEncoderOptions(SKWebpEncoderCompression.Lossless, 100));
        return data.ToArray();
    }

    /// <summary>Two frames of one pixel: the first has the given colour, the second is black.</summary>
    public static byte[] Gif(byte red, byte green, byte blue) =>
        [
            .. "GIF89a"u8,
            1,
            0,
            1,
            0,
            0x80,
            0,
            0,
            red,
            green,
            blue,
            0,
            0,
            0,
            0x2C,
            0,
            0,
            0,
            0,
            1,
            0,
            1,
            0,
            0,
            2,
            2,
            0x44,
            1,
            0,
            0x2C,
            0,
            0,
            0,
            0,
            1,
            0,
            1,
            0,
            0,
            2,
            2,
            0x4C,
            1,
            0,
            0x3B,
        ];
}
