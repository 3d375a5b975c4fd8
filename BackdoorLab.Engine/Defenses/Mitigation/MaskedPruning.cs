using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// A repair that learns a mask in [0,1] on every channel and silences those with small ones. The threshold is the
/// largest that keeps accuracy on a fifth of the clean holdout which the masks never saw.
/// </summary>
public abstract record MaskedPruning : Mitigator
{
    private const double ValidationShare = 0.2;
    private const double Rounding = 1e-9;

    // No mask is below: nothing is silenced.
    private const double None = -1;
    private static readonly double[] Cuts = [.. Enumerable.Range(0, 20).Select(i => i * 0.05)];

    /// <summary>The threshold chosen.</summary>
    public static Metric MaskThreshold { get; } =
        new(
            "mask-threshold",
            "Mask threshold",
            "Mask threshold",
            MetricUnit.Number,
            null,
            "Channels whose learnt mask is at most this are silenced; chosen by accuracy on clean images."
        );

    /// <inheritdoc/>
    public override IReadOnlyList<Metric> Numbers =>
        [MaskThreshold, FinePruning.PrunedShare, FinePruning.PrunedChannels];

    /// <inheritdoc/>
    public override Needs Needs => Needs.CleanHoldout | Needs.Weights;

    /// <summary>Accuracy that pruning may cost.</summary>
    [Range(0.0, 1.0)]
    [Description(
        "The largest threshold is taken that costs at most this much of the accuracy on clean images kept apart."
    )]
    public double MaxAccuracyDrop { get; init; } = 0.1;

    /// <summary>Whether the curve over thresholds is measured.</summary>
    [Description("Measure clean accuracy and attack success along the thresholds.")]
    public bool Curve { get; init; } = true;

    /// <inheritdoc/>
    public override DefenseWork Work(WorkSizes sizes) =>
        new(
            Cuts.Length * (ValidationShare * sizes.HoldoutCount + (Curve ? 2.0 * Math.Min(sizes.TestCount, 1000) : 0)),
            LearningImages(sizes.HoldoutCount)
        );

    /// <inheritdoc/>
    public sealed override RepairedModel Repair(DefenseContext context) =>
        RepairedModel.Of(
            context.CopyWeights(),
            context.Run,
            network =>
            {
                var (learning, kept) = HoldoutSample.Split(
                    context.CleanHoldout,
                    ValidationShare,
                    context.Run.Seeds.Child("split")
                );
                var masks = Learn(network, learning, context);
                network.eval();
                using var original = network.Clone();
                var least = Inference.Accuracy(network, kept, context.Run) - MaxAccuracyDrop;
                var chosen = Cuts.Where(cut =>
                        Accuracy((network, original), masks, cut, kept, context) >= least - Rounding
                    )
                    .DefaultIfEmpty(None)
                    .Max();
                var silenced = NeuronMasks.Prune(network, masks, chosen);
                return new(network)
                {
                    Numbers =
                    [
                        new(MaskThreshold, chosen),
                        new(FinePruning.PrunedChannels, silenced),
                        new(FinePruning.PrunedShare, (double)silenced / masks.Length),
                    ],
                    Figures = [Figure(masks, chosen)],
                    Note = FormattableString.Invariant(
                        $"{silenced} of {masks.Length} channels silenced at a mask of {chosen:0.##}, chosen on {kept.Count} clean images."
                    ),
                };
            }
        );

    /// <summary>Images through forward and backward pass while the masks are learnt, for time estimates.</summary>
    private protected abstract double LearningImages(int holdout);

    /// <summary>The masks, layer by layer, in [0,1]; the network stays as it is.</summary>
    private protected abstract double[] Learn(Classifier network, ImageSet images, DefenseContext context);

    // Leaves the network as the original.
    private double Accuracy(
        (Classifier Network, Classifier Original) models,
        double[] masks,
        double cut,
        ImageSet kept,
        DefenseContext context
    )
    {
        context.Run.ThrowIfCancelled();
        NeuronMasks.Prune(models.Network, masks, cut);
        if (Curve)
        {
            context.Observe("mask threshold", cut, models.Network);
        }

        var accuracy = Inference.Accuracy(models.Network, kept, context.Run);
        WeightsCopy.CopyTo(models.Original, models.Network);
        return accuracy;
    }

    private static HistogramFigure Figure(double[] masks, double chosen)
    {
        const int bins = 20;
        var counts = new double[bins];
        foreach (var mask in masks)
        {
            counts[Math.Min(bins - 1, (int)(mask * bins))]++;
        }

        return new(
            "Masks of channels",
            "mask",
            [new("channels", [.. Enumerable.Range(0, bins + 1).Select(edge => (double)edge / bins)], counts)],
            chosen
        );
    }
}
