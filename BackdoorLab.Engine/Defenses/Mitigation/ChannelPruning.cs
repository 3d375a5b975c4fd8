using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// Ranking and silencing channels of the last convolution. The network is run once; every pruned head works on what it
/// left.
/// </summary>
internal static class ChannelPruning
{
    /// <summary>Mean activation of each channel over images and positions.</summary>
    internal static double[] MeanActivations(Classifier network, ImageSet images, RunContext run)
    {
        var channels = network.LastConvChannels;
        var rows = Inference.Rows(batch => network.Activations(batch).mean([2, 3]), images, run);
        var means = new double[channels];
        for (var i = 0; i < rows.Length; i++)
        {
            means[i % channels] += rows[i] / images.Count;
        }

        return means;
    }

    /// <summary>Channels by rising activation; equal ones by number.</summary>
    internal static int[] Rank(double[] activations) =>
        [.. Enumerable.Range(0, activations.Length).OrderBy(channel => activations[channel])];

    /// <summary>Numbers of silenced channels to try, from 0; at least one channel always stays.</summary>
    internal static int[] Counts(int channels, double step)
    {
        var stride = Math.Max(1, (int)Math.Round(step * channels));
        return [.. Enumerable.Range(0, (channels - 1) / stride + 1).Select(index => index * stride)];
    }

    /// <summary>
    /// The last step before the first one whose accuracy is more than <paramref name="maxDrop"/> below the unpruned
    /// network's: never a step beyond the limit, and none after a gap.
    /// </summary>
    internal static int Choose(double[] accuracies, double maxDrop)
    {
        const double rounding = 1e-9;
        var step = 0;
        while (step + 1 < accuracies.Length && accuracies[step + 1] >= accuracies[0] - maxDrop - rounding)
        {
            step++;
        }

        return step;
    }

    /// <summary>
    /// Which channels stay when the first <paramref name="count"/> of <paramref name="order"/> are silenced.
    /// </summary>
    internal static bool[] Keep(int[] order, int count)
    {
        var keep = new bool[order.Length];
        Array.Fill(keep, true);
        foreach (var channel in order.AsSpan(0, count))
        {
            keep[channel] = false;
        }

        return keep;
    }

    /// <summary>
    /// At most <paramref name="points"/> of the counts, evenly spread, the first and the last among them.
    /// </summary>
    internal static int[] CurveCounts(int[] counts, int points) =>
        points == 0 ? []
        : points == 1 || counts.Length == 1 ? [counts[0]]
        :
        [
            .. Enumerable
                .Range(0, points)
                .Select(i => counts[(int)Math.Round((double)i * (counts.Length - 1) / (points - 1))])
                .Distinct(),
        ];

    /// <summary>Accuracy on <paramref name="images"/> for each number of silenced channels.</summary>
    internal static double[] Accuracies(Classifier network, ImageSet images, int[] order, int[] counts, RunContext run)
    {
        var hits = new int[counts.Length];
        using var noGradient = no_grad();
        for (var start = 0; start < images.Count; start += Inference.DefaultBatchSize)
        {
            using var scope = NewDisposeScope();
            int[] indices = [.. Enumerable.Range(start, Math.Min(Inference.DefaultBatchSize, images.Count - start))];
            var activations = network.Activations(Batches.Images(images, indices));
            for (var step = 0; step < counts.Length; step++)
            {
                run.ThrowIfCancelled();
                using var stepScope = NewDisposeScope();
                var mask = tensor(
                    Array.ConvertAll(Keep(order, counts[step]), kept => kept ? 1f : 0f),
                    new long[] { 1, order.Length, 1, 1 }
                );
                var logits = network.Head(network.Pool(activations * mask));
                var rows = Inference.Floats(logits);
                var predicted = Inference.ArgMax(rows, indices.Length);
                hits[step] += indices.Where((image, i) => predicted[i] == images.Labels[image]).Count();
            }
        }

        return Array.ConvertAll(hits, count => (double)count / images.Count);
    }
}
