using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests;

/// <summary>
/// Channels-last layout, for which TorchSharp has no API: the same strides come from permuting a contiguous copy.
/// </summary>
internal static class ChannelsLast
{
    /// <summary>A copy of a 4-D tensor with channels-last strides; same shape [N,C,H,W].</summary>
    public static Tensor Of(Tensor images)
    {
        using var moved = images.permute(0, 2, 3, 1);
        using var contiguous = moved.contiguous();
        return contiguous.permute(0, 3, 1, 2);
    }
}
