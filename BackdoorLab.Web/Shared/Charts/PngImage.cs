using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Web.Shared.Charts;

/// <summary>Turns raw pixels into something an img element shows.</summary>
public static class PngImage
{
    /// <summary>A data address of the image as PNG.</summary>
    public static string DataUrl(PixelImage image) =>
        "data:image/png;base64,"
        + Convert.ToBase64String(ImageFiles.EncodePng(image.Pixels, image.Width, image.Height, image.Channels));
}
