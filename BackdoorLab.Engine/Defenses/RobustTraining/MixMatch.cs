using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Tensors;
using BackdoorLab.Engine.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// One round of semi-supervised learning (Berthelot et al., MixMatch, NeurIPS 2019): labels of the second set are
/// guessed from two views, sharpened, and mixed with the first set's.
/// </summary>
/// <param name="network">Trained in place.</param>
/// <param name="optimizer">Goes on from round to round.</param>
/// <param name="batchSize">Labelled images of a step, and as many others in two views.</param>
/// <param name="rate">Learning rate.</param>
/// <param name="flip">Whether a mirrored image keeps its label.</param>
/// <param name="bfloat16">Whether the network runs in bfloat16.</param>
internal sealed class MixMatch(
    Classifier network,
    Optimizer optimizer,
    int batchSize,
    double rate,
    bool flip,
    bool bfloat16
)
{
    private const double Sharpness = 0.5;
    private const double MixAlpha = 0.75;

    /// <summary>Trains.</summary>
    /// <param name="labelled">Images whose labels are believed.</param>
    /// <param name="others">Images whose labels are not.</param>
    /// <param name="steps">Steps.</param>
    /// <param name="guessWeight">Weight of the guessed labels' loss.</param>
    /// <param name="run">Random streams and cancellation.</param>
    internal void Round(ImageSet labelled, ImageSet others, int steps, double guessWeight, RunContext run)
    {
        network.train();
        for (var step = 0; step < steps; step++)
        {
            run.ThrowIfCancelled();
            NativeMemory.Step(step);
            using var scope = NewDisposeScope();
            var random = run.Seeds.Child(step).Random();
            var (images, targets, known) = Batch(labelled, others, random, run);
            var (mixed, mixedTargets) = Mixed(images, targets, random);
            optimizer.ClearGradients();
            run.ThrowIfCancelled();
            TrainingStep.Backward(() => Loss(mixed, mixedTargets, known, guessWeight), bfloat16);
            optimizer.Step(rate);
        }
    }

    /// <summary>
    /// Probabilities float [n, classes] to the power of 1 / 0.5, each row of sum one: fewer classes have more.
    /// </summary>
    internal static Tensor Sharpened(Tensor probabilities)
    {
        var powers = probabilities.pow((Scalar)(1 / Sharpness));
        return powers.div(powers.sum([1], keepdim: true));
    }

    private (Tensor Images, Tensor Targets, int Known) Batch(
        ImageSet labelled,
        ImageSet others,
        Random random,
        RunContext run
    )
    {
        var augmentation = new Augmentation(4, flip);
        int[] first = Drawn(labelled.Count, random);
        int[] second = Drawn(others.Count, random);
        var images = Batches.Images(labelled, first, augmentation, random);
        var views = new[]
        {
            Batches.Images(others, second, augmentation, random),
            Batches.Images(others, second, augmentation, random),
        };
        var targets = zeros(first.Length, labelled.Classes)
            .scatter_(1, Batches.Labels(labelled, first).unsqueeze(1), ones(first.Length, 1));
        run.ThrowIfCancelled();
        using var noGrad = no_grad();
        var guesses = nn.functional.softmax(TrainingStep.Logits(network, cat(views, 0)), 1);
        var halves = guesses.chunk(2, 0);
        var guessed = Sharpened(halves[0].add(halves[1]).div((Scalar)2));
        return (cat([images, .. views], 0), cat([targets, guessed, guessed], 0), first.Length);
    }

    // Each with another one of the batch, the larger share its own.
    private static (Tensor Images, Tensor Targets) Mixed(Tensor images, Tensor targets, Random random)
    {
        var first = MathNet.Numerics.Distributions.Beta.Sample(random, MixAlpha, MixAlpha);
        var share = tensor((float)Math.Max(first, 1 - first));
        long[] order = [.. Enumerable.Range(0, (int)images.shape[0]).Select(i => (long)i)];
        random.Shuffle(order);
        var partners = tensor(order);
        return (
            images.index_select(0, partners).lerp(images, share),
            targets.index_select(0, partners).lerp(targets, share)
        );
    }

    private Tensor Loss(Tensor images, Tensor targets, int known, double guessWeight)
    {
        var logits = TrainingStep.Logits(network, images);
        var likelihoods = nn.functional.log_softmax(logits, 1);
        var labelled = likelihoods.narrow(0, 0, known).mul(targets.narrow(0, 0, known)).sum([1]).mean().neg();
        var rest = targets.shape[0] - known;
        var distance = nn.functional.mse_loss(likelihoods.narrow(0, known, rest).exp(), targets.narrow(0, known, rest));
        return labelled.add(distance, (Scalar)guessWeight);
    }

    private int[] Drawn(int count, Random random) =>
        [.. Enumerable.Range(0, batchSize).Select(_ => random.Next(count))];
}
