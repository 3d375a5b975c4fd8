using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tensors;

/// <summary>Channels-last layout, for which TorchSharp has no API: the same strides come from permuting a contiguous copy.</summary>
public static class ChannelsLast
{
    /// <summary>A copy of a 4-D tensor with channels-last strides; same shape [N,C,H,W].</summary>
    public static Tensor Of(Tensor images)
    {
        using var moved = images.permute(0, 2, 3, 1);
        using var contiguous = moved.contiguous();
        return contiguous.permute(0, 3, 1, 2);
    }

    /// <summary>Lays out the weights of every convolution in <paramref name="module"/>; call once, before an optimiser is made.</summary>
    public static void Apply(nn.Module module)
    {
        using var noGrad = no_grad();
        foreach (var convolution in module.modules().OfType<Conv2d>())
        {
            using var scope = NewDisposeScope();
            var weight = new Parameter(Of(convolution.weight!), convolution.weight!.requires_grad);
            weight.DetachFromDisposeScope();
            convolution.weight = weight;
        }
    }
}
