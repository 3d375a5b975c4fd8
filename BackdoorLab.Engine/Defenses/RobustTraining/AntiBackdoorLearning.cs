using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>Whose loss the isolation looks at.</summary>
public enum IsolationGranularity
{
    /// <summary>Each sample's own: the paper's eq. 3.</summary>
    Sample,

    /// <summary>The mean of the batch: what the released code does, there in two spellings of one rule.</summary>
    Batch,
}

/// <summary>
/// ABL: poison is learnt first. A short training that pushes losses back up to a level isolates the samples with the
/// lowest ones (section 3.2 of the paper, local gradient ascent); the rest trains the network; the isolated ones are
/// unlearnt by ascent (section 3.3).
/// </summary>
[Method(
    "abl",
    "ABL",
    Order = 70,
    Summary = "Isolates the samples that are learnt first, trains on the others, and unlearns the isolated ones.",
    Paper = "Li, Lyu, Koren, Lyu, Li, Ma: Anti-Backdoor Learning: Training Clean Models on Poisoned Data, NeurIPS 2021",
    Deviations = "Isolation and fine-tuning take the run's own recipe instead of one for WRN-16-1, isolation without augmentation and at a constant rate. The dose of unlearning is steps, as the released four epochs depend on the batch, and it stops where the network knows no more of the isolated samples than a guess. The released code takes the sign of the batch's mean; that is the granularity batch."
)]
public sealed record AntiBackdoorLearning : RobustTrainer
{
    private const int StepsBetweenBrakes = 4;
    private const string Phase = "parts: 1 isolation, 2 training on the rest, 3 unlearning";

    /// <inheritdoc/>
    public override Needs Needs => Needs.TrainingSet;

    /// <summary>Passes of isolation.</summary>
    [Range(1, 200)]
    [Description("Passes over the training set before the lowest losses are isolated.")]
    public int IsolationEpochs { get; init; } = 10;

    /// <summary>Level of the losses.</summary>
    [Range(0.0, 10.0)]
    [Description("Losses below this are raised again while isolating.")]
    public double Level { get; init; } = 0.5;

    /// <summary>Whose loss.</summary>
    [Description("Whose loss is compared with the level: each sample's (the paper) or the batch's mean (its code).")]
    public IsolationGranularity Granularity { get; init; }

    /// <summary>Isolated share.</summary>
    [Range(0.001, 0.5)]
    [Description("Share of the training set that is isolated, of clean sets too.")]
    public double IsolatedShare { get; init; } = 0.01;

    /// <summary>Passes on the rest.</summary>
    [Range(0, 1000)]
    [Description("Passes over the samples that were not isolated.")]
    public int FineTuneEpochs { get; init; } = 60;

    /// <summary>Steps of unlearning.</summary>
    [Range(0, 10_000)]
    [Description("Steps up the loss of the isolated samples at most; the released code does 4 epochs.")]
    public int UnlearnSteps { get; init; } = 16;

    /// <summary>Rate of unlearning.</summary>
    [Range(1e-6, 1.0)]
    [Description("Learning rate of unlearning.")]
    public double UnlearnRate { get; init; } = 5e-4;

    /// <inheritdoc/>
    public override Defense Brief() => this with { IsolationEpochs = 3, FineTuneEpochs = 8 };

    /// <inheritdoc/>
    public override double TrainingImages(int trainCount, TrainOptions recipe) =>
        (IsolationEpochs + FineTuneEpochs) * (double)trainCount + UnlearnSteps * (double)recipe.BatchSize;

    /// <inheritdoc/>
    public override RobustModel Train(RobustTraining training) =>
        RobustModel.Of(
            training.Build(),
            training.Run,
            network =>
            {
                var (images, run) = (training.TrainingSet, training.Run);
                var isolating = IsolationEpochs / (double)(IsolationEpochs + FineTuneEpochs);
                var alone = training.Recipe with
                {
                    Epochs = IsolationEpochs,
                    Schedule = ScheduleKind.Constant,
                    Flip = false,
                    AlternatingFlip = false,
                    CropPadding = 0,
                    LabelSmoothing = 0,
                };
                training.Train(
                    "isolate",
                    network,
                    images,
                    alone,
                    0,
                    isolating,
                    new() { Loss = (batch, labels, _) => Kept(TrainingStep.Logits(network, batch), labels) }
                );
                var losses = Inference.Losses(network, images, run);
                var count = Math.Max(1, (int)((decimal)IsolatedShare * images.Count));
                var isolated = LowestLosses.Take(losses, count);
                var mask = LowestLosses.Mask(images.Count, isolated);
                training.Observe(Phase, 1, network);
                if (FineTuneEpochs > 0)
                {
                    var rest = images.Select(LowestLosses.Others(mask));
                    var usual = training.Recipe with { Epochs = FineTuneEpochs, WhiteningImages = 0 };
                    training.Train("fine-tune", network, rest, usual, isolating, 1);
                }

                training.Observe(Phase, 2, network);
                var steps = Unlearn(training, network, images.Select(isolated));
                training.Observe(Phase, 3, network);
                return new(network)
                {
                    TakenForPoison = mask,
                    Report = new(
                        [],
                        [
                            LowestLosses.Histogram("Losses after isolation", "loss", losses, losses[isolated[^1]]),
                            LowestLosses.Gallery("Isolated samples", images, isolated),
                        ],
                        FormattableString.Invariant(
                            $"{count} samples isolated; {steps} steps of unlearning, {(steps < UnlearnSteps ? "ended by the brake" : "all of them")}."
                        )
                    ),
                };
            }
        );

    /// <summary>
    /// Losses that stay near the level: sign(l - level) l, of each sample or of the batch's mean, float [n, classes]
    /// and int64 [n].
    /// </summary>
    internal Tensor Kept(Tensor logits, Tensor labels)
    {
        if (Granularity == IsolationGranularity.Batch)
        {
            var mean = nn.functional.cross_entropy(logits, labels);
            return mean.mul(mean.detach().sub((Scalar)Level).sign());
        }

        var losses = nn.functional.cross_entropy(logits, labels, reduction: nn.Reduction.None);
        return losses.mul(losses.detach().sub((Scalar)Level).sign()).mean();
    }

    // Few steps: they are done again after an interruption.
    private int Unlearn(RobustTraining training, Classifier network, ImageSet isolated)
    {
        using var ascent = new Unlearning(
            network,
            UnlearnRate,
            training.Recipe.BatchSize,
            training.Recipe.WeightDecay,
            training.Recipe,
            training.Run.Child("unlearn")
        );
        var done = 0;
        while (done < UnlearnSteps && !Unlearning.IsUnlearnt(network, isolated, training.Run))
        {
            done += ascent.Pass(isolated, up: true, Math.Min(StepsBetweenBrakes, UnlearnSteps - done));
        }

        network.eval();
        return done;
    }
}
