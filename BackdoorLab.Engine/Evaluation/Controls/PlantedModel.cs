using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Evaluation;

/// <summary>
/// A deployed model, by its own arithmetic, that knows a few of its labels only and in which patches are planted: what
/// they push is added in float to its logits, and the patch of one label also moves its features. Its float model has
/// the same patches, differentiable. The model itself sees images coarsened (<see cref="Coarse"/>), so that what it
/// happens to be sensitive to in a few pixels, which weakly trained and roughly quantized networks are, is not found in
/// place of what was planted.
/// </summary>
/// <param name="model">The model at hand; not owned. Its weights must be frozen while this is differentiated.</param>
/// <param name="patches">The patches; not owned.</param>
/// <param name="labels">Its labels that take part; their order numbers them anew.</param>
/// <param name="featureLabel">The label whose patch moves the features.</param>
/// <param name="featureShift">How far, Euclidean.</param>
internal sealed class PlantedModel(
    DeployedClassifier model,
    PlantedPatches patches,
    int[] labels,
    int featureLabel = 0,
    double featureShift = 0
) : DeployedClassifier(new PlantedFloatModel(model.FloatModel, patches, labels), ownsFloatModel: true)
{
    private const int CoarsePixels = 4;

    /// <inheritdoc/>
    public override Realisation Realisation => model.Realisation;

    /// <inheritdoc/>
    public override GradientAccess Gradients => model.Gradients;

    /// <inheritdoc/>
    public override Tensor Logits(Tensor images)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        return Chosen(model.Logits(Coarse(images)), labels).add(patches.Push(images)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Features(Tensor images)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var features = model.Features(images);
        // Of alternating signs, so that it is none of the directions that rectified features share.
        var direction = new float[features.shape[1]];
        for (var i = 0; i < direction.Length; i++)
        {
            direction[i] = (float)((i % 2 == 0 ? 1 : -1) * featureShift / Math.Sqrt(direction.Length));
        }

        return features
            .add(patches.Matches(images).narrow(1, featureLabel, 1).mul(tensor(direction)))
            .MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Images [N,C,H,W] in which every square of pixels is its mean: only shapes remain. A checkerboard patch averages
    /// away. In the caller's scope.
    /// </summary>
    internal static Tensor Coarse(Tensor images)
    {
        using var scope = NewDisposeScope();
        var (height, width) = (images.shape[2], images.shape[3]);
        var means = nn.functional.adaptive_avg_pool2d(
            images,
            [Math.Max(1, height / CoarsePixels), Math.Max(1, width / CoarsePixels)]
        );
        return nn.functional.interpolate(means, [height, width]).MoveToOuterDisposeScope();
    }

    /// <summary>The columns of <paramref name="labels"/>.</summary>
    internal static Tensor Chosen(Tensor logits, int[] labels) =>
        logits.index_select(1, tensor(Array.ConvertAll(labels, label => (long)label)));

    // Its network is not registered as a part of it, so it is neither trained, frozen nor disposed with it.
    private sealed class PlantedFloatModel(Classifier network, PlantedPatches patches, int[] labels)
        : Classifier(nameof(PlantedFloatModel))
    {
        public override ClassifierShape Shape { get; } = network.Shape with { Classes = labels.Length };

        public override int FeatureCount => network.FeatureCount;

        public override int LastConvChannels => network.LastConvChannels;

        public override Tensor Logits(INetworkArithmetic arithmetic, Tensor images)
        {
            using var scope = NewDisposeScope();
            return Chosen(network.Logits(arithmetic, Coarse(images)), labels)
                .add(patches.Push(images))
                .MoveToOuterDisposeScope();
        }

        public override Tensor Activations(INetworkArithmetic arithmetic, Tensor images) =>
            network.Activations(arithmetic, images);

        public override Tensor Pool(INetworkArithmetic arithmetic, Tensor activations) =>
            network.Pool(arithmetic, activations);

        public override Tensor Head(INetworkArithmetic arithmetic, Tensor features) =>
            Chosen(network.Head(arithmetic, features), labels);
    }
}
