using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Programs;

/// <summary>
/// A pass of a <see cref="ProgramNetwork"/> as a step of this process's gradients: the program's own are asked for when
/// they are needed.
/// </summary>
internal sealed class RemotePass : autograd.SingleTensorFunction<RemotePass>
{
    /// <inheritdoc/>
    public override string Name => nameof(RemotePass);

    /// <summary>
    /// Logits [N, classes] of normalised images [N,C,H,W] (the first value) by a network (the second).
    /// </summary>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (images, network) = ((Tensor)vars[0], (ProgramNetwork)vars[1]);
        var (pixels, size) = (Inference.Floats(images), images.shape);

        // Numbers and no tensors: what a context keeps of tensors is freed late.
        ctx.save_data(nameof(pixels), pixels);
        ctx.save_data(nameof(size), size);
        ctx.save_data(nameof(network), network);
        return network.Ask(pixels, size);
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        var size = (long[])ctx.get_data("size");
        var gradient = ((ProgramNetwork)ctx.get_data("network")).AskGradient(
            (float[])ctx.get_data("pixels"),
            size,
            Inference.Floats(grad_output)
        );
        return [tensor(gradient, size), null!];
    }
}
