using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Training;

/// <summary>
/// Starts a network's first convolution with filters that whiten the patches of its training images (Jordan, arXiv
/// 2404.00498): the eigenvectors of the patches' second moments, each divided by the root of its eigenvalue plus
/// <see cref="Eps"/>, and their negatives. A layer with fewer filters gets the directions of largest variance; one with
/// more keeps the rest as they start.
/// </summary>
internal static class Whitening
{
    /// <summary>Added to every eigenvalue.</summary>
    internal const double Eps = 5e-4;

    /// <summary>Epochs in which the layer's bias is trained where its filters are held.</summary>
    internal const int BiasEpochs = 3;

    private const int ChunkImages = 250;

    /// <summary>Sets the filters.</summary>
    /// <param name="model">Changed in place. Without a convolution nothing happens.</param>
    /// <param name="data">Training images.</param>
    /// <param name="count">How many of them are looked at, drawn at random; all where there are fewer.</param>
    /// <param name="seeds">Where they are drawn from.</param>
    /// <returns>
    /// The layer if its filters are these and nothing else, so that they may be held; otherwise null.
    /// </returns>
    internal static Convolution? Apply(Classifier model, ImageSet data, int count, SeedTree seeds)
    {
        if (model.modules().OfType<Convolution>().FirstOrDefault() is not { } layer)
        {
            return null;
        }

        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var normalize = model.modules().OfType<PixelNormalization>().First();
        var kernel = layer.weight.shape[2];
        var moments = SecondMoments(normalize, data.Draw(count, seeds), kernel);
        var filters = Filters(moments);
        var pairs = Math.Min(filters.shape[0], layer.weight.shape[0] / 2);
        var chosen = filters.slice(0, 0, pairs, 1).reshape(pairs, data.Channels, kernel, kernel).to(ScalarType.Float32);
        layer.weight.slice(0, 0, pairs, 1).copy_(chosen);
        layer.weight.slice(0, pairs, 2 * pairs, 1).copy_(chosen.neg());
        return 2 * filters.shape[0] == layer.weight.shape[0] ? layer : null;
    }

    /// <summary>
    /// The whitening directions of second moments float64 [d,d], one a row, by falling eigenvalue, largest entry
    /// positive.
    /// </summary>
    internal static Tensor Filters(Tensor moments)
    {
        using var scope = NewDisposeScope();
        var (values, vectors) = linalg.eigh(moments);
        // A solver's signs are arbitrary: without a rule the order of the filters would differ between machines.
        var largest = vectors.gather(0, vectors.abs().argmax(0, keepdim: true));
        var directions = vectors.mul(largest.sign()).div(values.clamp_min(0).add(Eps).sqrt());
        return directions.t().flip(0).MoveToOuterDisposeScope();
    }

    // In double: in float the smallest eigenvalue over millions of patches comes out negative.
    private static Tensor SecondMoments(PixelNormalization normalize, ImageSet images, long kernel)
    {
        using var scope = NewDisposeScope();
        var dimensions = images.Channels * kernel * kernel;
        var (sum, patches) = (zeros(dimensions, dimensions, ScalarType.Float64), 0L);
        for (var start = 0; start < images.Count; start += ChunkImages)
        {
            using var chunk = NewDisposeScope();
            var batch = Batches.Images(
                images,
                [.. Enumerable.Range(start, Math.Min(ChunkImages, images.Count - start))]
            );
            var windows = normalize.call(batch).unfold(2, kernel, 1).unfold(3, kernel, 1);
            var rows = windows.permute(0, 2, 3, 1, 4, 5).reshape(-1, dimensions).to(ScalarType.Float64);
            patches += rows.shape[0];
            sum.add_(rows.t().mm(rows));
        }

        return sum.div(patches).MoveToOuterDisposeScope();
    }
}
