using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// Fine-Pruning: channels of the last convolution that clean images hardly use are silenced, the least used first, as long as clean
/// accuracy holds; then the rest is fine-tuned on clean images. The curve's abscissa is the number of pruned channels; it is
/// observed beyond the chosen number too.
/// </summary>
[Method("fine-pruning", "Fine-Pruning", Order = 50,
    Summary = "Silences the channels that clean images hardly use, as long as clean accuracy holds, and fine-tunes the rest on clean images.",
    Paper = "Liu, Dolan-Gavitt, Garg, Fine-Pruning: Defending Against Backdooring Attacks on Deep Neural Networks, RAID 2018",
    Deviations = "The stop rule looks at a part of the clean holdout that neither ranks channels nor fine-tunes; the paper uses one clean set for all three.")]
public sealed record FinePruning : Mitigator
{
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

    /// <summary>Part of the holdout that decides when to stop.</summary>
    [Range(0.05, 0.9)]
    [Description("Share of the clean holdout kept apart for the stop rule; the rest ranks the channels and fine-tunes.")]
    public double ValidationShare { get; init; } = 0.4;

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
    [Description("Pruned models measured for the curve of clean accuracy and attack success.")]
    public int CurvePoints { get; init; } = 10;

    /// <inheritdoc/>
    public override DefenseWork Work(WorkSizes sizes) => new(
        sizes.HoldoutCount + 2.0 * (CurvePoints + 1) * sizes.TestCount,
        FineTuneEpochs * (1 - ValidationShare) * sizes.HoldoutCount);

    /// <inheritdoc/>
    public override Classifier Repair(DefenseContext context)
    {
        var network = context.CopyWeights();
        try
        {
            Repair(network, context);
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    private void Repair(Classifier network, DefenseContext context)
    {
        if (network.LastConvChannels == 0)
        {
            throw new NotApplicableException("This network has no convolution whose channels could be pruned.");
        }

        network.eval();
        var (tuning, validation) = HoldoutSample.Split(context.CleanHoldout, ValidationShare, context.Run.Seeds.Child("split"));
        var order = ChannelPruning.Rank(ChannelPruning.MeanActivations(network, tuning, context.Run));
        var counts = ChannelPruning.Counts(order.Length, PruneStep);
        var accuracies = ChannelPruning.Accuracies(network, validation, order, counts, context.Run);
        var chosen = counts[ChannelPruning.Choose(accuracies, MaxAccuracyDrop)];
        context.Run.Log(FormattableString.Invariant(
            $"Fine-Pruning silences {chosen} of {order.Length} channels: accuracy {accuracies[0]:P1} before, {accuracies[Array.IndexOf(counts, chosen)]:P1} after."));
        foreach (var count in ChannelPruning.CurveCounts(counts, CurvePoints))
        {
            network.PruneChannels(ChannelPruning.Keep(order, count));
            context.Observe(count, network);
        }

        network.PruneChannels(ChannelPruning.Keep(order, chosen));
        if (FineTuneEpochs > 0)
        {
            Trainer.Train(network, tuning, Options(tuning), context.Run.Child("fine-tune"), flipAllowed: context.FlipAllowed);
        }
    }

    private TrainOptions Options(ImageSet tuning) => new()
    {
        Epochs = FineTuneEpochs,
        BatchSize = Math.Min(FineTuneBatchSize, tuning.Count),
        LearningRate = FineTuneLearningRate,
        Schedule = ScheduleKind.Cosine,
    };
}
