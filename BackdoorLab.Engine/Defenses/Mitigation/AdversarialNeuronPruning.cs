using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// ANP: neurons that make the network fail when they are disturbed are the backdoor's. A mask on every channel is
/// learnt against noise that raises the loss (eq. 4 and 5 of the paper); channels with small masks are silenced.
/// </summary>
[Method(
    "anp",
    "ANP",
    Order = 52,
    Summary = "Learns a mask on every channel against adversarial noise, and silences the channels that noise makes fail.",
    Paper = "Wu, Wang: Adversarial Neuron Pruning Purifies Backdoored Deep Models, NeurIPS 2021",
    Deviations = "The threshold is the largest that costs at most ten points on a fifth of the clean holdout which the masks never saw; the released code sweeps it on test images. Running statistics do not drift while masks are learnt. In BF16 where training is."
)]
public sealed record AdversarialNeuronPruning : Mitigator
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

    /// <summary>Steps.</summary>
    [Range(1, 100_000)]
    [Description("Steps of the masks.")]
    public int Iterations { get; init; } = 2000;

    /// <summary>Images of a step.</summary>
    [Range(1, 1024)]
    [Description("Images per step, drawn anew with repetition.")]
    public int BatchSize { get; init; } = 128;

    /// <summary>Size of the noise.</summary>
    [Range(0.0, 10.0)]
    [Description("Largest relative change of scale and shift at the noise's start; its steps are not projected back.")]
    public double NoiseSize { get; init; } = 0.4;

    /// <summary>Steps of the noise.</summary>
    [Range(1, 100)]
    [Description("Sign steps of the noise, each of noise size / steps.")]
    public int NoiseSteps { get; init; } = 1;

    /// <summary>Weight of the clean loss.</summary>
    [Range(0.0, 1.0)]
    [Description("Weight of the loss without noise; the noisy one has the rest.")]
    public double CleanWeight { get; init; } = 0.2;

    /// <summary>Learning rate of the masks.</summary>
    [Range(1e-6, 10.0)]
    [Description("Learning rate of the masks (SGD, momentum 0.9).")]
    public double LearningRate { get; init; } = 0.2;

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
    public override Defense Brief() => this with { Iterations = 400, BatchSize = 64 };

    /// <inheritdoc/>
    public override DefenseWork Work(WorkSizes sizes) =>
        new(
            Cuts.Length * (ValidationShare * sizes.HoldoutCount + (Curve ? 2.0 * Math.Min(sizes.TestCount, 1000) : 0)),
            (NoiseSteps + 2.0) * Iterations * BatchSize
        );

    /// <inheritdoc/>
    public override RepairedModel Repair(DefenseContext context) =>
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

    private double[] Learn(Classifier network, ImageSet images, DefenseContext context)
    {
        using var masks = new NeuronMasks(network, context.Run);
        var augmentation = new Augmentation(4, context.FlipAllowed);
        for (var i = 0; i < Iterations; i++)
        {
            context.Run.Progress(i, Iterations, "steps");
            NativeMemory.Step(i);
            using var scope = NewDisposeScope();
            var random = context.Run.Seeds.Child("step").Child(i).Random();
            int[] indices = [.. Enumerable.Range(0, BatchSize).Select(_ => random.Next(images.Count))];
            masks.Step(
                Batches.Images(images, indices, augmentation, random),
                Batches.Labels(images, indices),
                this,
                random
            );
        }

        return masks.Values;
    }

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
