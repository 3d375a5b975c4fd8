using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Statistics;
using BackdoorLab.Engine.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>Bands, threshold and deviations of one predicted class after another.</summary>
internal sealed class BeatrixScoring(StageMaps map, GramMatrices gram, Beatrix options, RunContext run)
{
    private long _batches;

    /// <summary>
    /// Scores the members of a class, writes their scores and flags, and compares the flagged ones with the others.
    /// </summary>
    internal BeatrixClass Score(
        int label,
        ImageSet clean,
        ImageSet set,
        int[] members,
        Random random,
        double[] scores,
        bool[] flagged
    )
    {
        using var scope = NewDisposeScope();
        using Scalar width = options.BandWidth;
        var entries = cat(
            [.. Beatrix.Batched([.. Enumerable.Range(0, clean.Count)]).Select(batch => Entries(clean, batch).Entries)],
            0
        );
        var threshold = GramBands.Threshold(entries, width, gram.Divisor, options.Percentile);
        var bands = GramBands.Of(entries, width, gram.Divisor);
        var deviations = new List<double>();
        var means = new List<double>();
        foreach (var batch in Beatrix.Batched(members))
        {
            using var inner = NewDisposeScope();
            var (values, mean) = Entries(set, batch);
            deviations.AddRange(bands.Deviations(values));
            means.AddRange(Inference.Floats(mean).Select(value => (double)value));
        }

        for (var i = 0; i < members.Length; i++)
        {
            scores[members[i]] = Beatrix.LogRatio(deviations[i], threshold);
            flagged[members[i]] = deviations[i] > threshold;
        }

        return new(
            label,
            clean.Count,
            threshold,
            [.. deviations],
            MeanDiscrepancy.Of(Means(above: false), Means(above: true), map.Channels)
        );

        double[] Means(bool above)
        {
            int[] images = [.. Enumerable.Range(0, members.Length).Where(i => deviations[i] > threshold == above)];
            return [.. Beatrix.Thinned(images, random).SelectMany(i => means.GetRange(i * map.Channels, map.Channels))];
        }
    }

    private (Tensor Entries, Tensor Mean) Entries(ImageSet images, int[] indices)
    {
        run.ThrowIfCancelled();
        NativeMemory.Step(_batches++);
        using var scope = NewDisposeScope();
        var values = map.Values(images, indices);
        return (gram.Of(values).MoveToOuterDisposeScope(), values.mean([2, 3]).MoveToOuterDisposeScope());
    }
}
