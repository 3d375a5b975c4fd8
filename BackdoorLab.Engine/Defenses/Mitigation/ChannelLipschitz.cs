using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Statistics;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// CLP: channels whose output can change much faster with the input than the others' of their layer are silenced. The
/// bound of a channel is the spectral norm of its kernel, read as a matrix of inputs by positions, times the gain of
/// its normalisation (eq. 8 of the paper); those above mean + u deviations of their layer go (eq. 9). No data is used.
/// </summary>
[Method(
    "clp",
    "CLP",
    Order = 51,
    Summary = "Silences channels that amplify their input far more than the others of their layer; needs no data and takes seconds.",
    Paper = "Zheng, Tang, Li, Liu: Data-free Backdoor Removal based on Channel Lipschitzness, ECCV 2022",
    Deviations = "The variance of a normalisation has its epsilon. Which norm belongs to a convolution is found by running the network: it alone reads the convolution's output, directly or after a max pooling. Where there is none the kernel alone is judged, in a network without any norm; in one with norms such layers are left out."
)]
public sealed record ChannelLipschitz : Mitigator
{
    private static readonly double[] Cuts = [6, 5, 4, 3.5, 3, 2.5, 2, 1.5, 1];

    /// <inheritdoc/>
    public override IReadOnlyList<Metric> Numbers => [FinePruning.PrunedShare, FinePruning.PrunedChannels];

    /// <inheritdoc/>
    public override Needs Needs => Needs.Weights;

    /// <summary>Deviations above the mean of its layer at which a channel is silenced.</summary>
    [Range(0.0, 20.0)]
    [Description(
        "Deviations above its layer's mean at which a channel is silenced. The largest of n values is at most (n - 1) / sqrt(n) above: narrow networks need about 2."
    )]
    public double U { get; init; } = 3;

    /// <summary>Whether the curve over other cuts is measured.</summary>
    [Description("Measure clean accuracy and attack success for cuts from 6 to 1 deviations.")]
    public bool Curve { get; init; } = true;

    /// <inheritdoc/>
    public override DefenseWork Work(WorkSizes sizes) =>
        new((Curve ? 2.0 * Cuts.Length : 0) * Math.Min(sizes.TestCount, 1000) + sizes.Classes, 0);

    /// <inheritdoc/>
    public override RepairedModel Repair(DefenseContext context) =>
        RepairedModel.Of(
            context.CopyWeights(),
            context.Run,
            network =>
            {
                context.Run.ThrowIfCancelled();
                network.eval();
                var layers = Judged(ChannelGroups.Of(network));
                double[][] heights = [.. layers.Select(layer => Heights(Bounds(layer)))];
                using var original = network.Clone();
                foreach (var u in Curve ? Cuts : [])
                {
                    context.Run.ThrowIfCancelled();
                    Silence(layers, heights, u);
                    context.Observe("cut in deviations", u, network);
                    WeightsCopy.CopyTo(original, network);
                }

                var silenced = Silence(layers, heights, U);
                var channels = layers.Sum(layer => layer.Channels);
                var narrow = layers.Count(layer => (layer.Channels - 1) / Math.Sqrt(layer.Channels) <= U);
                return new(network)
                {
                    Numbers =
                    [
                        new(FinePruning.PrunedChannels, silenced),
                        new(FinePruning.PrunedShare, (double)silenced / channels),
                    ],
                    Figures = [Figure(layers, heights)],
                    Note = FormattableString.Invariant(
                        $"{silenced} of {channels} channels in {layers.Count} layers silenced at {U} deviations.{(narrow > 0 ? $" {narrow} layers are too narrow for a channel to be that far out." : "")}"
                    ),
                };
            }
        );

    /// <summary>Layers that can be judged: those with a norm, or all of a network without any.</summary>
    internal static IReadOnlyList<ChannelGroup> Judged(IReadOnlyList<ChannelGroup> groups) =>
        groups.Any(group => group.Norm is not null) ? [.. groups.Where(group => group.Norm is not null)] : groups;

    /// <summary>Upper bound of each channel's Lipschitz constant.</summary>
    internal static double[] Bounds(ChannelGroup group)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var (weight, _) = FoldedLayer.Of(group.Convolution, group.Norm);

        // Of the smaller side: the largest singular value is the root of the Gram matrix's largest eigenvalue.
        var kernels = weight.to_type(ScalarType.Float64).flatten(2);
        var transposed = kernels.transpose(1, 2);
        var gram = kernels.shape[1] <= kernels.shape[2] ? kernels.bmm(transposed) : transposed.bmm(kernels);
        var norms = linalg.eigvalsh(gram).amax([1]).clamp_min(0).sqrt();
        return [.. norms.data<double>()];
    }

    /// <summary>How many of the layer's standard deviations (n - 1) each value is above its mean.</summary>
    internal static double[] Heights(double[] bounds)
    {
        var summary = Summary.Of(bounds);
        return summary.StandardDeviation is > 0 and { } deviation
            ? Array.ConvertAll(bounds, bound => (bound - summary.Mean) / deviation)
            : new double[bounds.Length];
    }

    private static int Silence(IReadOnlyList<ChannelGroup> layers, double[][] heights, double u)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var silenced = 0;
        for (var i = 0; i < layers.Count; i++)
        {
            long[] which =
            [
                .. Enumerable.Range(0, heights[i].Length).Where(c => heights[i][c] > u).Select(c => (long)c),
            ];
            if (which.Length > 0)
            {
                layers[i].Silence(tensor(which));
                silenced += which.Length;
            }
        }

        return silenced;
    }

    private ScatterFigure Figure(IReadOnlyList<ChannelGroup> layers, double[][] heights)
    {
        const int most = 2000;
        (double X, double Y)[] all = [.. heights.SelectMany((layer, i) => layer.Select(height => (i + 1.0, height)))];
        (double X, double Y)[] highest = [.. all.OrderByDescending(point => point.Y).Take(most)];
        return new(
            "Lipschitz bounds of channels",
            "layer",
            "deviations above the layer's mean",
            [
                Points("kept", highest.Where(point => point.Y <= U)),
                Points($"silenced (above {FormattableString.Invariant($"{U}")})", highest.Where(point => point.Y > U)),
            ]
        )
        {
            Note =
                $"{layers.Count} layers, the first is {layers[0].Name}; the {Math.Min(most, all.Length)} highest channels.",
        };
    }

    private static Series Points(string name, IEnumerable<(double X, double Y)> points)
    {
        (double X, double Y)[] given = [.. points];
        return new(name, [.. given.Select(point => point.X)], [.. given.Select(point => point.Y)]);
    }
}
