using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Statistics;
using BackdoorLab.Engine.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// Predictions of images under random overlays, in large batches: inputs are added in place to the gathered overlays by
/// one broadcast, already channels-last. Each image draws its own overlays, from a stream named by its position.
/// </summary>
internal sealed class OverlayProbe(
    DeployedClassifier model,
    ImageSet overlays,
    int perImage,
    Superposition superposition
)
{
    private const int BatchSize = 500;
    private static readonly Scalar Half = 0.5;

    /// <summary>Mean entropy (nats) of the predictions of each image over its overlays.</summary>
    internal double[] MeanEntropies(ImageSet images, RunContext run)
    {
        var entropies = new double[images.Count];
        using var noGradient = no_grad();
        using var outer = NewDisposeScope();
        var pool = Pool();
        var chunk = Math.Max(1, BatchSize / perImage);
        for (var start = 0; start < images.Count; start += chunk)
        {
            run.Progress(start, images.Count, "images");
            using var scope = NewDisposeScope();
            int[] indices = [.. Enumerable.Range(start, Math.Min(chunk, images.Count - start))];
            var logits = model.Logits(Superimpose(Batches.Images(images, indices), pool, Draw(indices, run)));
            var rows = Inference.Floats(logits);
            var classes = rows.Length / (indices.Length * perImage);
            for (var i = 0; i < indices.Length; i++)
            {
                entropies[indices[i]] = MeanEntropy(rows.AsSpan(i * perImage * classes, perImage * classes), classes);
            }

            NativeMemory.Step(start / chunk);
        }

        return entropies;
    }

    /// <summary>Mean entropy of the softmax of each row.</summary>
    internal static double MeanEntropy(ReadOnlySpan<float> logits, int classes)
    {
        var sum = 0.0;
        for (var i = 0; i < logits.Length; i += classes)
        {
            sum += Entropy.OfLogits(logits.Slice(i, classes));
        }

        return sum / (logits.Length / classes);
    }

    // [P, H, W, C], ready to be added.
    private Tensor Pool()
    {
        var images = Batches.Images(overlays).permute(0, 2, 3, 1);
        return superposition == Superposition.Sum
            ? images - tensor(model.FloatModel.Shape.Normalization.Mean)
            : images.mul(Half);
    }

    private Tensor Superimpose(Tensor images, Tensor pool, long[] drawn)
    {
        var under = images.permute(0, 2, 3, 1).unsqueeze(1);
        under = superposition == Superposition.Sum ? under : under.mul(Half);
        var (count, height, width, channels) = (images.shape[0], pool.shape[1], pool.shape[2], pool.shape[3]);
        var over = pool.index_select(0, tensor(drawn)).view(count, perImage, height, width, channels);
        return over.add_(under).view(count * perImage, height, width, channels).permute(0, 3, 1, 2);
    }

    private long[] Draw(int[] indices, RunContext run)
    {
        var drawn = new long[indices.Length * perImage];
        for (var i = 0; i < indices.Length; i++)
        {
            var random = run.Seeds.Child(indices[i]).Random();
            for (var k = 0; k < perImage; k++)
            {
                drawn[i * perImage + k] = random.Next(overlays.Count);
            }
        }

        return drawn;
    }
}
