using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Quantization;

/// <summary>A deployed classifier that is itself a network: the float one, a copy in another format, or one with other kernels.</summary>
/// <param name="network">Runs logits and features; disposed with this object unless it is the twin.</param>
/// <param name="twin">See <see cref="DeployedClassifier.Twin"/>.</param>
/// <param name="ownsTwin">Whether disposing this object disposes the twin.</param>
/// <param name="realisation">See <see cref="DeployedClassifier.Realisation"/>.</param>
/// <param name="gradients">See <see cref="DeployedClassifier.Gradients"/>.</param>
/// <param name="kernels">Kernels that the network calls; disposed with this object.</param>
internal sealed class DeployedNetwork(
    Classifier network, Classifier twin, bool ownsTwin, Realisation realisation, GradientAccess gradients, IDisposable? kernels = null)
    : DeployedClassifier(twin, ownsTwin)
{
    /// <inheritdoc/>
    public override Realisation Realisation { get; } = realisation;

    /// <inheritdoc/>
    public override GradientAccess Gradients { get; } = gradients;

    /// <inheritdoc/>
    public override Tensor Logits(Tensor images) => Run(network.call, images);

    /// <inheritdoc/>
    public override Tensor Features(Tensor images) => Run(network.Features, images);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            if (network != Twin)
            {
                network.Dispose();
            }

            kernels?.Dispose();
        }

        base.Dispose(disposing);
    }

    private static Tensor Run(Func<Tensor, Tensor> forward, Tensor images)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var values = forward(images);
        return (values.dtype == ScalarType.Float32 ? values : values.to(ScalarType.Float32)).MoveToOuterDisposeScope();
    }
}
