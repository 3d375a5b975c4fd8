using System.Runtime.InteropServices;
using BackdoorLab.Engine.Core;
using SkiaSharp;

namespace BackdoorLab.Web.Services;

/// <summary>Turns raw pixels into something an img element shows.</summary>
public static class PngImage
{
    /// <summary>A data address of the image as PNG.</summary>
    public static string DataUrl(PixelImage image) => "data:image/png;base64," + Convert.ToBase64String(Encode(image));

    /// <summary>The image as PNG.</summary>
    public static byte[] Encode(PixelImage image)
    {
        using var bitmap = new SKBitmap(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        var target = new byte[image.Width * image.Height * 4];
        for (var i = 0; i < image.Width * image.Height; i++)
        {
            for (var channel = 0; channel < 3; channel++)
            {
                target[(i * 4) + channel] = image.Pixels[(i * image.Channels) + (image.Channels == 1 ? 0 : channel)];
            }

            target[(i * 4) + 3] = byte.MaxValue;
        }

        Marshal.Copy(target, 0, bitmap.GetPixels(), target.Length);
        using var data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }
}
