using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Training;

/// <summary>
/// Running means and variances of batch normalisation for weights that did not come from training: averaged, pruned,
/// masked.
/// </summary>
internal static class RunningStatistics
{
    private const int BatchSize = 200;

    /// <summary>Whether a network keeps any.</summary>
    internal static bool AreTracked(Classifier network) => Tracked(network).Any();

    /// <summary>
    /// Computes them anew: the mean over whole batches of each batch's mean and unbiased variance, in one pass without
    /// augmentation. Leaves the network in evaluation mode and its weights alone.
    /// </summary>
    /// <param name="network">Changed in place; no gradients are taken.</param>
    /// <param name="images">Clean images in random order, at least two.</param>
    internal static void Estimate(Classifier network, ImageSet images)
    {
        (Tensor Values, double Weight)[] statistics =
        [
            .. Tracked(network)
                .SelectMany(norm =>
                    ((Tensor, double)[])[(norm.running_mean, norm.Momentum), (norm.running_var, norm.Momentum)]
                ),
        ];
        var size = Math.Min(BatchSize, images.Count);
        var batches = images.Count / size;
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using Scalar one = 1.0;
        Tensor[] sums = [.. statistics.Select(statistic => zeros_like(statistic.Values))];
        network.train();
        for (var batch = 0; batch < batches; batch++)
        {
            using var pass = NewDisposeScope();
            int[] indices = [.. Enumerable.Range(batch * size, size)];
            // From zero, momentum x the batch's own statistic is what the layer keeps.
            Array.ForEach(statistics, statistic => statistic.Values.zero_());
            network.call(Batches.Images(images, indices));
            for (var i = 0; i < sums.Length; i++)
            {
                sums[i].add_(statistics[i].Values, one);
            }
        }

        for (var i = 0; i < sums.Length; i++)
        {
            using Scalar kept = batches * statistics[i].Weight;
            statistics[i].Values.copy_(sums[i].div(kept));
        }

        network.eval();
    }

    private static IEnumerable<BatchNorm2d> Tracked(Classifier network) =>
        network.modules().OfType<BatchNorm2d>().Where(norm => !norm.UsesBatchStatistics);
}
