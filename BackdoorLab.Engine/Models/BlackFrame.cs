using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>
/// Puts images into the middle of larger black ones, for networks that halve them more often than they can be halved.
/// </summary>
internal static class BlackFrame
{
    /// <summary>
    /// Pixels in [0,1] [N,C,height,width]; the images themselves where they are as large. Of an odd difference the
    /// larger half stands below and to the right.
    /// </summary>
    internal static Tensor Around(Tensor images, int height, int width)
    {
        var (rows, columns) = (height - images.shape[2], width - images.shape[3]);
        return rows <= 0 && columns <= 0
            ? images.alias()
            : nn.functional.pad(images, [columns / 2, columns - columns / 2, rows / 2, rows - rows / 2]);
    }
}
