using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>
/// A network whose features go through a projection head of two layers in place of its classification, each row of norm
/// one: what contrastive learning trains. The network is a part of it, so that both are trained, kept and resumed as
/// one; it is not disposed with it.
/// </summary>
public sealed class ProjectedNetwork : Classifier
{
    private static readonly Scalar Tiny = 1e-8f;
    private readonly Classifier backbone;
    private readonly FullyConnected hidden;
    private readonly FullyConnected projection;

    /// <summary>Puts a head on a network.</summary>
    /// <param name="backbone">The network; stays the caller's.</param>
    /// <param name="random">Draws the head's weights.</param>
    /// <param name="outputs">Length of the projection.</param>
    public ProjectedNetwork(Classifier backbone, Random random, int outputs = 128)
        : base(nameof(ProjectedNetwork))
    {
        this.backbone = backbone;
        hidden = new FullyConnected(backbone.FeatureCount, backbone.FeatureCount);
        projection = new FullyConnected(backbone.FeatureCount, outputs);
        RegisterComponents();
        Draw(hidden, random);
        Draw(projection, random);
    }

    /// <inheritdoc/>
    public override ClassifierShape Shape => backbone.Shape;

    /// <inheritdoc/>
    public override int FeatureCount => backbone.FeatureCount;

    /// <inheritdoc/>
    public override int LastConvChannels => backbone.LastConvChannels;

    /// <inheritdoc/>
    public override Tensor Activations(INetworkArithmetic arithmetic, Tensor images) =>
        backbone.Activations(arithmetic, images);

    /// <inheritdoc/>
    public override Tensor Pool(INetworkArithmetic arithmetic, Tensor activations) =>
        backbone.Pool(arithmetic, activations);

    /// <summary>Projections float [N, outputs] of norm one from features [N, FeatureCount].</summary>
    public override Tensor Head(INetworkArithmetic arithmetic, Tensor features)
    {
        using var scope = NewDisposeScope();
        var values = arithmetic.Connect(projection, relu: false, arithmetic.Connect(hidden, relu: true, features));
        var plain = values.to_type(ScalarType.Float32);
        return plain.div(plain.norm(1, keepdim: true).add(Tiny)).MoveToOuterDisposeScope();
    }

    // As the layers do, from a stream of its own.
    private static void Draw(FullyConnected layer, Random random)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var bound = 1 / Math.Sqrt(layer.weight.shape[1]);
        foreach (var part in new Tensor[] { layer.weight, layer.bias! })
        {
            var values = new float[part.numel()];
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = (float)((2 * random.NextDouble() - 1) * bound);
            }

            part.copy_(tensor(values, part.shape));
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            hidden.Dispose();
            projection.Dispose();
        }
    }
}
