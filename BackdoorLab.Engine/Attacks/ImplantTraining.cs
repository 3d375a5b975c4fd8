using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Attacks;

/// <summary>
/// Further training by attacks that change their network (<see cref="FineTuning"/>): the weights of convolutions and
/// linear layers alone, or what they are made from; normalisation and biases stay what they were.
/// </summary>
internal static class ImplantTraining
{
    // Positions within a rounding interval have gradients smaller than Adam's usual epsilon by orders of magnitude.
    private const double PositionEpsilon = 1e-15;

    /// <summary>Passes over the clean training images in random order, augmented as in the usual training.</summary>
    /// <param name="context">Network, images, random streams, cancellation and progress.</param>
    /// <param name="epochs">Passes.</param>
    /// <param name="learningRate">Peak; falls to zero along a cosine.</param>
    /// <param name="loss">Loss of a batch: images [n,C,H,W], the same with the trigger, true labels int64 [n].</param>
    /// <param name="positions">Module whose parameters are trained in place of the network's weights; null trains the
    /// weights.</param>
    /// <param name="afterStep">Called after each step, inside a dispose scope and without gradients.</param>
    /// <exception cref="TrainingDivergedException">The loss is NaN or infinite.</exception>
    internal static void Run(
        ImplantContext context,
        int epochs,
        double learningRate,
        Func<Tensor, Tensor, Tensor, Tensor> loss,
        nn.Module? positions = null,
        Action? afterStep = null
    )
    {
        var options = context.Training;
        var augmentation = new Augmentation(options.CropPadding, options.Flip && context.FlipAllowed);
        using var others = Freeze(context.Network, butWeights: positions is null);
        FineTuning.Run(
            context.Network,
            context.CleanTrain,
            new(
                epochs,
                options.BatchSize,
                learningRate,
                augmentation,
                positions is null ? AdamOptimizer.UsualEpsilon : PositionEpsilon
            ),
            context.Run,
            (images, labels) => loss(images, context.Trigger.Apply(images), labels),
            positions,
            afterStep
        );
    }

    private static FrozenParameters Freeze(Classifier network, bool butWeights)
    {
        HashSet<nint> trained = butWeights
            ? [.. network.modules().OfType<WeightLayer>().Select(layer => layer.weight.Handle)]
            : [];
        return new(network.parameters().Where(parameter => !trained.Contains(parameter.Handle)));
    }
}
