using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Quantization;

/// <summary>A deployed classifier that runs a network's steps with the arithmetic of its precision.</summary>
/// <param name="network">The topology, and the weights that the arithmetic reads; disposed with this object unless it
/// is the float model.</param>
/// <param name="arithmetic">How its steps are computed; disposed with this object where it can be.</param>
/// <param name="floatModel">See <see cref="DeployedClassifier.FloatModel"/>.</param>
/// <param name="ownsFloatModel">Whether disposing this object disposes the float model.</param>
/// <param name="realisation">See <see cref="DeployedClassifier.Realisation"/>.</param>
/// <param name="gradients">See <see cref="DeployedClassifier.Gradients"/>.</param>
internal sealed class DeployedNetwork(
    Classifier network,
    INetworkArithmetic arithmetic,
    Classifier floatModel,
    bool ownsFloatModel,
    Realisation realisation,
    GradientAccess gradients
) : DeployedClassifier(floatModel, ownsFloatModel)
{
    /// <inheritdoc/>
    public override Realisation Realisation { get; } = realisation;

    /// <inheritdoc/>
    public override GradientAccess Gradients { get; } = gradients;

    /// <inheritdoc/>
    public override Tensor Logits(Tensor images) => Run(network.Logits, images);

    /// <inheritdoc/>
    public override Tensor Features(Tensor images) => Run(network.Features, images);

    /// <inheritdoc/>
    public override IReadOnlyList<(string Name, Tensor Values)> Stages(Tensor images)
    {
        using var noGrad = no_grad();
        using var tap = new StageTap(arithmetic);
        tap.Logits(network, images).Dispose();
        return [.. tap.Stages.Select(stage => (stage.Name, stage.Values.to(ScalarType.Float32, copy: true)))];
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            if (network != FloatModel)
            {
                network.Dispose();
            }

            (arithmetic as IDisposable)?.Dispose();
        }

        base.Dispose(disposing);
    }

    private Tensor Run(Func<INetworkArithmetic, Tensor, Tensor> pass, Tensor images)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var values = pass(arithmetic, images);
        return (
            values.is_quantized() ? values.dequantize()
            : values.dtype == ScalarType.Float32 ? values
            : values.to(ScalarType.Float32)
        ).MoveToOuterDisposeScope();
    }
}
