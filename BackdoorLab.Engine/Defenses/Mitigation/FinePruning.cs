using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Statistics;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// Fine-Pruning: channels of the last convolution that clean images hardly use are silenced, the least used first, as
/// long as clean accuracy holds; then the rest is fine-tuned on clean images. As in the paper one clean set ranks the
/// channels, stops the pruning and fine-tunes: the first needs no labels and the last comes after the decision, so
/// neither flatters the stop rule. Both phases are observed: pruning against the number of channels, beyond the chosen
/// one too, and fine-tuning against epochs.
/// </summary>
[Method(
    "fine-pruning",
    "Fine-Pruning",
    Aliases = ["fp"],
    Order = 50,
    Revision = 2,
    Summary = "Silences the channels that clean images hardly use, as long as clean accuracy holds, and fine-tunes the rest on clean images.",
    Paper = "Liu, Dolan-Gavitt, Garg, Fine-Pruning: Defending Against Backdooring Attacks on Deep Neural Networks, RAID 2018",
    Deviations = "Fine-tuning is shorter than re-implementations' 100 epochs. The step before the first one beyond the allowed drop is kept, never one beyond it."
)]
public sealed record FinePruning : Mitigator
{
    /// <summary>Part of the channels that is pruned.</summary>
    public static Metric PrunedShare { get; } =
        new("pruned-share", "Pruned share", "Pruned", MetricUnit.Share, null, "Share of the channels silenced.");

    /// <summary>How many images the stop rule reads.</summary>
    public static Metric StopRuleImages { get; } =
        new(
            "stop-rule-images",
            "Images of the stop rule",
            "Stop images",
            MetricUnit.Number,
            null,
            "Clean images from which the rule that ends pruning reads accuracy."
        );

    /// <summary>How exactly the stop rule can read.</summary>
    public static Metric StopRuleMargin { get; } =
        new(
            "stop-rule-margin",
            "Margin of the stop rule",
            "Stop margin",
            MetricUnit.Share,
            null,
            "Half width of the 95 % interval of the accuracy that the stop rule reads; a rule that allows a smaller drop "
                + "follows chance."
        );

    /// <summary>Channels pruned.</summary>
    public static Metric PrunedChannels { get; } =
        new(
            "pruned-channels",
            "Pruned channels",
            "Pruned channels",
            MetricUnit.Number,
            null,
            "Number of channels silenced."
        );

    /// <inheritdoc/>
    public override IReadOnlyList<Metric> Numbers => [PrunedShare, StopRuleImages, StopRuleMargin, PrunedChannels];

    /// <inheritdoc/>
    public override Needs Needs => Needs.CleanHoldout | Needs.Weights;

    /// <summary>Accuracy that pruning may cost.</summary>
    [Range(0.0, 1.0)]
    [Description("Pruning goes on while clean accuracy falls by no more than this.")]
    public double MaxAccuracyDrop { get; init; } = 0.04;

    /// <summary>Channels silenced per step.</summary>
    [Range(0.001, 0.5)]
    [Description("Share of the channels silenced per step, at least one channel.")]
    public double PruneStep { get; init; } = 0.01;

    /// <summary>Part of the holdout that decides when to stop, kept apart; 0 uses all of it for every step.</summary>
    [Range(0.0, 0.9)]
    [Description(
        "0: the whole clean holdout ranks channels, stops the pruning and fine-tunes, as in the paper. Otherwise this share is kept apart for the stop rule, which then reads accuracy from few images."
    )]
    public double ValidationShare { get; init; }

    /// <summary>Fine-tuning passes.</summary>
    [Range(0, 1000)]
    [Description("Passes of fine-tuning over the rest of the clean holdout; 0 only prunes.")]
    public int FineTuneEpochs { get; init; } = 20;

    /// <summary>Fine-tuning learning rate.</summary>
    [Range(1e-6, 1.0)]
    [Description("Peak learning rate of fine-tuning (SGD, cosine).")]
    public double FineTuneLearningRate { get; init; } = 0.01;

    /// <summary>Fine-tuning batch size.</summary>
    [Range(1, 1024)]
    [Description("Images per fine-tuning step.")]
    public int FineTuneBatchSize { get; init; } = 64;

    /// <summary>Points of the prune curve.</summary>
    [Range(0, 100)]
    [Description(
        "Models measured for each curve of clean accuracy and attack success: along pruning, and along fine-tuning."
    )]
    public int CurvePoints { get; init; } = 10;

    /// <inheritdoc/>
    public override DefenseWork Work(WorkSizes sizes) =>
        new(
            2.0 * sizes.HoldoutCount + 4.0 * (CurvePoints + 1) * sizes.TestCount,
            FineTuneEpochs * (1 - ValidationShare) * sizes.HoldoutCount
        );

    /// <inheritdoc/>
    public override IEnumerable<string> Warnings(int cleanHoldout)
    {
        const double usual = 0.9;
        var images = ValidationShare > 0 ? (int)Math.Round(ValidationShare * cleanHoldout) : cleanHoldout;
        if (images == 0 || MaxAccuracyDrop == 0)
        {
            yield break;
        }

        var margin = Margin(usual, images);
        if (margin >= MaxAccuracyDrop)
        {
            yield return FormattableString.Invariant(
                $"The stop rule reads accuracy from {images} images, which tell one of {100 * usual:0} % to within {100 * margin:0.0} points; a drop of {100 * MaxAccuracyDrop:0.#} points needs about {1.96 * 1.96 * usual * (1 - usual) / (MaxAccuracyDrop * MaxAccuracyDrop):0}."
            );
        }
    }

    private TuningPlan Tuning =>
        new(FineTuneEpochs, FineTuneBatchSize, FineTuneLearningRate) { CurvePoints = CurvePoints };

    /// <summary>Half width of the 95 % interval of an accuracy read from so many images.</summary>
    internal static double Margin(double accuracy, int images)
    {
        var interval = Intervals.ClopperPearson((int)Math.Round(accuracy * images), images);
        return (interval.High - interval.Low) / 2;
    }

    /// <inheritdoc/>
    public override RepairedModel Repair(DefenseContext context)
    {
        var network = context.CopyWeights();
        Classifier? pruned = null;
        try
        {
            var (tuning, stopping) = Sets(context);
            var (numbers, note) = Prune(network, tuning, stopping, context);
            if (FineTuneEpochs > 0)
            {
                pruned = network.Clone();
                HoldoutTuning.Run(network, tuning, Tuning, context);
            }

            return new RepairedModel(network)
            {
                Pruned = pruned,
                Numbers = numbers,
                Note = note,
            };
        }
        catch
        {
            network.Dispose();
            pruned?.Dispose();
            throw;
        }
    }

    private (ImageSet Tuning, ImageSet Stopping) Sets(DefenseContext context)
    {
        var seeds = context.Run.Seeds.Child("split");
        if (ValidationShare > 0)
        {
            return HoldoutSample.Split(context.CleanHoldout, ValidationShare, seeds);
        }

        var all = HoldoutSample.Take(context.CleanHoldout, 0, seeds);
        return (all, all);
    }

    private (IReadOnlyList<DefenseNumber> Numbers, string Note) Prune(
        Classifier network,
        ImageSet tuning,
        ImageSet stopping,
        DefenseContext context
    )
    {
        if (network.LastConvChannels == 0)
        {
            throw new NotApplicableException("This network has no convolution whose channels could be pruned.");
        }

        network.eval();
        var order = ChannelPruning.Rank(ChannelPruning.MeanActivations(network, tuning, context.Run));
        var counts = ChannelPruning.Counts(order.Length, PruneStep);
        var accuracies = ChannelPruning.Accuracies(network, stopping, order, counts, context.Run);
        var chosen = counts[ChannelPruning.Choose(accuracies, MaxAccuracyDrop)];
        foreach (var count in ChannelPruning.CurveCounts(counts, CurvePoints))
        {
            network.PruneChannels(ChannelPruning.Keep(order, count));
            context.Observe("pruned channels", count, network);
        }

        network.PruneChannels(ChannelPruning.Keep(order, chosen));
        var margin = Margin(accuracies[0], stopping.Count);
        var note = FormattableString.Invariant(
            $"{chosen} of {order.Length} channels pruned; accuracy on the {stopping.Count} images of the stop rule: {accuracies[0]:P1} before, {accuracies[Array.IndexOf(counts, chosen)]:P1} after."
        );
        if (margin >= MaxAccuracyDrop && MaxAccuracyDrop > 0)
        {
            note += FormattableString.Invariant(
                $" Too few for the rule: they tell accuracy to within {100 * margin:0.0} points, and a drop of {100 * MaxAccuracyDrop:0.#} is allowed."
            );
        }

        return (
            [
                new(PrunedChannels, chosen),
                new(PrunedShare, (double)chosen / order.Length),
                new(StopRuleImages, stopping.Count),
                new(StopRuleMargin, margin),
            ],
            note
        );
    }
}
