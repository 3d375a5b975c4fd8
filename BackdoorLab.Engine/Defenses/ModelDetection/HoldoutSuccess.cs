using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// How often a trigger works on all clean images of the defender, which decides whether it is kept: on one batch of 16
/// a trigger that sends 95 % of the images reaches 99 % every other time.
/// </summary>
/// <param name="Success">Share of the images tried that were sent to the class.</param>
/// <param name="Tried">Images tried: all of them, or fewer where the threshold was out of reach before the end.</param>
internal readonly record struct HoldoutSuccess(double Success, int Tried)
{
    private const int FirstBatch = 64;

    /// <summary>Tries images in batches, without gradients, as long as the threshold can still be reached.</summary>
    /// <param name="images">Number of images.</param>
    /// <param name="target">The class they are to be sent to.</param>
    /// <param name="threshold">Share that must be sent there, 0..1.</param>
    /// <param name="logits">Logits of the images at some positions, carrying the trigger.</param>
    /// <param name="run">For cancellation.</param>
    internal static HoldoutSuccess Measure(
        int images,
        int target,
        double threshold,
        Func<int[], Tensor> logits,
        RunContext run
    )
    {
        const double rounding = 1e-9;
        using var noGradient = no_grad();
        var (hits, tried) = (0, 0);
        while (tried < images && hits + images - tried >= threshold * images - rounding)
        {
            run.ThrowIfCancelled();
            using var scope = NewDisposeScope();
            int[] indices =
            [
                .. Enumerable.Range(
                    tried,
                    Math.Min(tried == 0 ? FirstBatch : Inference.DefaultBatchSize, images - tried)
                ),
            ];
            var batch = logits(indices);
            var rows = Inference.Floats(batch);
            hits += Inference.ArgMax(rows, indices.Length).Count(label => label == target);
            tried += indices.Length;
        }

        return new((double)hits / Math.Max(1, tried), tried);
    }
}
