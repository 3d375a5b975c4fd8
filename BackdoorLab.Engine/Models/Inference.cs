using System.Runtime.InteropServices;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>
/// Forward passes over whole image sets: no gradient, one dispose scope a batch, cancellation a batch, plain arrays
/// out. The results do not depend on the batch size beyond the rounding of sums.
/// </summary>
public static class Inference
{
    /// <summary>Images per forward pass unless told otherwise.</summary>
    public const int DefaultBatchSize = 256;

    /// <summary>The most likely class of each image by the deployed arithmetic.</summary>
    public static int[] Predict(
        DeployedClassifier model,
        ImageSet images,
        RunContext run,
        int batchSize = DefaultBatchSize
    ) => ArgMax(Rows(model.Logits, images, run, batchSize), images.Count);

    /// <summary>The most likely class of each image by a float network, which must be in evaluation mode.</summary>
    public static int[] Predict(Classifier model, ImageSet images, RunContext run, int batchSize = DefaultBatchSize) =>
        ArgMax(Rows(model.call, images, run, batchSize), images.Count);

    /// <summary>Penultimate features by the deployed arithmetic, [N, FeatureCount] row-major.</summary>
    public static float[] Features(
        DeployedClassifier model,
        ImageSet images,
        RunContext run,
        int batchSize = DefaultBatchSize
    ) => Rows(model.Features, images, run, batchSize);

    /// <summary>Logits by the deployed arithmetic, [N, classes] row-major.</summary>
    public static float[] Logits(
        DeployedClassifier model,
        ImageSet images,
        RunContext run,
        int batchSize = DefaultBatchSize
    ) => Rows(model.Logits, images, run, batchSize);

    /// <summary>Softmax probabilities by the deployed arithmetic, [N, classes] row-major.</summary>
    public static float[] Probabilities(
        DeployedClassifier model,
        ImageSet images,
        RunContext run,
        int batchSize = DefaultBatchSize
    ) => Rows(batch => nn.functional.softmax(model.Logits(batch), 1), images, run, batchSize);

    /// <summary>Share of images whose most likely class is their label; 0 for an empty set.</summary>
    public static double Accuracy(
        DeployedClassifier model,
        ImageSet images,
        RunContext run,
        int batchSize = DefaultBatchSize
    ) => ShareEqual(Predict(model, images, run, batchSize), images.Labels);

    /// <summary>
    /// Share of images whose most likely class is their label, by a float network in evaluation mode; 0 for an empty
    /// set.
    /// </summary>
    public static double Accuracy(
        Classifier model,
        ImageSet images,
        RunContext run,
        int batchSize = DefaultBatchSize
    ) => ShareEqual(Predict(model, images, run, batchSize), images.Labels);

    /// <summary>
    /// Cross-entropy of each image with its label, by a float network in evaluation mode: any network's per-sample
    /// losses, in the order of the set and without augmentation.
    /// </summary>
    public static float[] Losses(Classifier model, ImageSet images, RunContext run, int batchSize = DefaultBatchSize)
    {
        var logits = Rows(model.call, images, run, batchSize);
        var classes = images.Count == 0 ? 1 : logits.Length / images.Count;
        var losses = new float[images.Count];
        for (var i = 0; i < losses.Length; i++)
        {
            var row = logits.AsSpan(i * classes, classes);
            var largest = float.NegativeInfinity;
            foreach (var logit in row)
            {
                largest = Math.Max(largest, logit);
            }

            var sum = 0.0;
            foreach (var logit in row)
            {
                sum += Math.Exp(logit - largest);
            }

            losses[i] = (float)(largest + Math.Log(sum) - row[images.Labels[i]]);
        }

        return losses;
    }

    /// <summary>
    /// Applies <paramref name="forward"/> ([n,C,H,W] in, [n, columns] out) batch by batch and gathers the rows, [N,
    /// columns] row-major.
    /// </summary>
    public static float[] Rows(
        Func<Tensor, Tensor> forward,
        ImageSet images,
        RunContext run,
        int batchSize = DefaultBatchSize
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        if (images.Count == 0)
        {
            return [];
        }

        float[] rows = [];
        var columns = 0;
        using var noGradient = no_grad();
        for (var start = 0; start < images.Count; start += batchSize)
        {
            run.ThrowIfCancelled();
            using var scope = NewDisposeScope();
            var indices = Indices(start, Math.Min(batchSize, images.Count - start));
            var output = forward(Batches.Images(images, indices));
            if (rows.Length == 0)
            {
                columns = (int)output.shape[1];
                rows = new float[images.Count * columns];
            }

            CopyTo(output, rows.AsSpan(start * columns, indices.Length * columns));
        }

        return rows;
    }

    /// <summary>
    /// Copies a tensor of any float type and layout, in row-major order, into managed memory of exactly its size.
    /// </summary>
    public static void CopyTo(Tensor tensor, Span<float> target)
    {
        using var scope = NewDisposeScope();
        var plain = tensor.detach().to(ScalarType.Float32).contiguous();
        if (plain.numel() != target.Length)
        {
            throw new ArgumentException(
                $"The tensor has {plain.numel()} elements, the target {target.Length}.",
                nameof(target)
            );
        }

        MemoryMarshal.Cast<byte, float>(plain.bytes).CopyTo(target);
    }

    /// <summary>A tensor of any float type and layout as a plain array, row-major.</summary>
    public static float[] Floats(Tensor tensor)
    {
        var values = new float[tensor.numel()];
        CopyTo(tensor, values);
        return values;
    }

    /// <summary>Column of the largest entry of each row; the first of equals.</summary>
    public static int[] ArgMax(ReadOnlySpan<float> rows, int count)
    {
        var result = new int[count];
        var columns = count == 0 ? 0 : rows.Length / count;
        for (var i = 0; i < count; i++)
        {
            var row = rows.Slice(i * columns, columns);
            for (var c = 1; c < columns; c++)
            {
                if (row[c] > row[result[i]])
                {
                    result[i] = c;
                }
            }
        }

        return result;
    }

    private static double ShareEqual(int[] predicted, int[] expected)
    {
        var hits = 0;
        for (var i = 0; i < predicted.Length; i++)
        {
            hits += predicted[i] == expected[i] ? 1 : 0;
        }

        return predicted.Length == 0 ? 0 : (double)hits / predicted.Length;
    }

    private static int[] Indices(int start, int count)
    {
        var indices = new int[count];
        for (var i = 0; i < count; i++)
        {
            indices[i] = start + i;
        }

        return indices;
    }
}
