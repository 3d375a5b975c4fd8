using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// RNP: a copy of the network unlearns clean images until it hardly knows them; what is left in it is mostly the
/// backdoor. Masks on its channels then win the clean images back (eq. 2 and 3 of the paper): channels that are masked
/// to do so are the backdoor's, and are silenced in the network as it was.
/// </summary>
[Method(
    "rnp",
    "RNP",
    Order = 58,
    Summary = "Lets a copy of the network unlearn clean images, finds which channels must be masked to win them back, and silences those in the network itself.",
    Paper = "Li, Lyu, Ma, Koren, Lyu, Li, Jiang: Reconstructive Neuron Pruning for Backdoor Defense, ICML 2023",
    Deviations = "The threshold is the largest that costs at most ten points on a fifth of the clean holdout which neither step saw; the released code sweeps it on test images. Whether the copy has unlearnt is read in evaluation mode after each pass. Running statistics do not drift while masks are learnt. In BF16 where training is."
)]
public sealed record ReconstructiveNeuronPruning : MaskedPruning
{
    private const double WeightDecay = 5e-4;

    /// <summary>Passes of unlearning.</summary>
    [Range(1, 200)]
    [Description("Passes of unlearning over the clean holdout at most.")]
    public int UnlearnEpochs { get; init; } = 20;

    /// <summary>Rate of unlearning.</summary>
    [Range(1e-6, 1.0)]
    [Description("Learning rate of unlearning (SGD, momentum 0.9).")]
    public double UnlearnRate { get; init; } = 0.01;

    /// <summary>Where unlearning ends.</summary>
    [Range(0.0, 1.0)]
    [Description("Accuracy on the unlearnt images at which unlearning ends; that of a guess where this is more.")]
    public double UnlearnUntil { get; init; } = 0.2;

    /// <summary>Passes of recovering.</summary>
    [Range(1, 1000)]
    [Description("Passes over the clean holdout in which masks are learnt.")]
    public int RecoverEpochs { get; init; } = 20;

    /// <summary>Rate of the masks.</summary>
    [Range(1e-6, 10.0)]
    [Description("Learning rate of the masks (SGD, momentum 0.9).")]
    public double MaskRate { get; init; } = 0.2;

    /// <summary>Weight of the loss.</summary>
    [Range(1e-3, 10.0)]
    [Description("Factor of the loss while masks are learnt.")]
    public double LossWeight { get; init; } = 0.2;

    /// <summary>Images of a step.</summary>
    [Range(1, 1024)]
    [Description("Images per step.")]
    public int BatchSize { get; init; } = 128;

    /// <inheritdoc/>
    public override Defense Brief() => this with { BatchSize = 64 };

    private protected override double LearningImages(int holdout) => (double)(UnlearnEpochs + RecoverEpochs) * holdout;

    private protected override double[] Learn(Classifier network, ImageSet images, DefenseContext context)
    {
        var augmentation = new Augmentation(4, context.FlipAllowed);
        using var copy = network.Clone();
        Unlearn(copy, images, augmentation, context.Run.Child("unlearn"));
        using var masks = new NeuronMasks(copy, context.Run);
        var steps = (images.Count + BatchSize - 1) / BatchSize;
        int[] order = [.. Enumerable.Range(0, images.Count)];
        for (var epoch = 0; epoch < RecoverEpochs; epoch++)
        {
            context.Run.Progress(UnlearnEpochs + epoch, UnlearnEpochs + RecoverEpochs, "epochs");
            var random = context.Run.Seeds.Child("recover").Child(epoch).Random();
            random.Shuffle(order);
            for (var step = 0; step < steps; step++)
            {
                using var scope = NewDisposeScope();
                var batch = order.AsSpan(step * BatchSize, Math.Min(BatchSize, order.Length - step * BatchSize));
                masks.Descend(
                    Batches.Images(images, batch, augmentation, random),
                    Batches.Labels(images, batch),
                    LossWeight,
                    MaskRate
                );
            }
        }

        return masks.Values;
    }

    /// <summary>Raises the loss pass by pass until so few images are still known.</summary>
    /// <returns>Passes done.</returns>
    internal int Unlearn(Classifier network, ImageSet images, Augmentation augmentation, RunContext run)
    {
        using var gradients = enable_grad();
        using var unlearning = new Unlearning(network, UnlearnRate, BatchSize, WeightDecay, new(), run);
        var enough = Math.Max(UnlearnUntil, 1.0 / images.Classes);
        for (var epoch = 0; epoch < UnlearnEpochs; epoch++)
        {
            run.Progress(epoch, UnlearnEpochs + RecoverEpochs, "epochs");
            unlearning.Pass(images, up: true, augmentation: augmentation);
            network.eval();
            if (Inference.Accuracy(network, images, run) <= enough)
            {
                return epoch + 1;
            }
        }

        return UnlearnEpochs;
    }
}
