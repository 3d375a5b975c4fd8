using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// DBD: features are learnt without labels (section 4.2 of the paper), so that triggered images stay with those they
/// look like; a few passes with labels by symmetric cross-entropy (eq. 4) tell which samples disagree; then the half
/// with the lowest losses is labelled and the other half is not, anew in each round (section 4.3).
/// </summary>
[Method(
    "dbd",
    "DBD",
    Order = 74,
    Summary = "Learns features without labels, believes the labels of the half of the samples that fit them, and trains on both halves by MixMatch.",
    Paper = "Huang, Li, Wu, Qin, Ren: Backdoor Defense via Decoupling the Training Process, ICLR 2022",
    Deviations = "Views are crops, flips, colour jitter and grey, without blur; every view is an anchor, where the released code takes the first ones; the projection head has no normalisation. The paper's schedule is some 3,000 passes over the training set and no matter for a processor; the brief setting is some 60, and its clean accuracy far below plain training."
)]
public sealed record DecoupledTraining : RobustTrainer
{
    private const double Rate = 0.002;
    private const double SmallestLabel = 1e-4;
    private const double CrossEntropyWeight = 0.1;
    private const double LargestGuessWeight = 15;
    private const int Growth = 190;
    private const int GrowthFrom = 10;

    /// <inheritdoc/>
    public override DefenseDomain Domain => DefenseDomain.Feature;

    /// <inheritdoc/>
    public override Needs Needs => Needs.TrainingSet;

    /// <summary>Passes without labels.</summary>
    [Range(1, 5000)]
    [Description(
        "Passes without labels, each with two views of every image; the released fine-tuning starts from 100."
    )]
    public int ContrastiveEpochs { get; init; } = 1000;

    /// <summary>Images of such a step.</summary>
    [Range(2, 1024)]
    [Description("Images per step without labels, each in two views.")]
    public int BatchSize { get; init; } = 512;

    /// <summary>Passes by symmetric cross-entropy.</summary>
    [Range(1, 200)]
    [Description("Passes with all labels by symmetric cross-entropy.")]
    public int WarmUpEpochs { get; init; } = 10;

    /// <summary>Rounds.</summary>
    [Range(1, 1000)]
    [Description("Rounds of splitting and semi-supervised training.")]
    public int Rounds { get; init; } = 190;

    /// <summary>Steps of a round.</summary>
    [Range(1, 10_000)]
    [Description("Steps per round, each of 64 labelled images and 64 others in two views.")]
    public int RoundSteps { get; init; } = 1024;

    /// <summary>Share that is labelled.</summary>
    [Range(0.05, 0.95)]
    [Description("Share of the samples, those with the lowest losses, whose labels are believed.")]
    public double LabelledShare { get; init; } = 0.5;

    /// <summary>Whether that share is of each class.</summary>
    [Description("Take the share of each class, so that none is left without labels; the paper takes it of all.")]
    public bool PerClass { get; init; }

    private ContrastivePlan Plan => new(ContrastiveEpochs, BatchSize, 0.4, 0.5);

    /// <inheritdoc/>
    public override Defense Brief() =>
        this with
        {
            ContrastiveEpochs = 20,
            BatchSize = 128,
            WarmUpEpochs = 5,
            Rounds = 10,
            RoundSteps = 50,
        };

    /// <inheritdoc/>
    public override double TrainingImages(int trainCount, TrainOptions recipe) =>
        Plan.Images(trainCount)
        + (double)WarmUpEpochs * trainCount
        + Rounds * (RoundSteps * 64.0 * 3.7 + trainCount / 3.0);

    /// <inheritdoc/>
    public override RobustModel Train(RobustTraining training) =>
        RobustModel.Of(
            training.Build(),
            training.Run,
            network =>
            {
                var images = training.TrainingSet;
                var all = TrainingImages(images.Count, training.Recipe);
                var learnt = Plan.Images(images.Count) / all;
                var warm = learnt + WarmUpEpochs * images.Count / all;
                var groups = new int[images.Count];
                Array.Fill(groups, Contrastive.Alone);
                Contrastive.Train(training, network, Plan, groups, 0, learnt);
                training.Train(
                    "symmetric",
                    network,
                    images,
                    WarmUp(training.Recipe, images.Count),
                    learnt,
                    warm,
                    new() { Loss = (batch, labels, _) => Symmetric(TrainingStep.Logits(network, batch), labels).mean() }
                );
                training.Observe("parts: 1 symmetric cross-entropy, 2 semi-supervised", 1, network);
                float[] losses = [];
                training.Do("rounds", network, () => losses = Semi(training, network, warm));
                training.Observe("parts: 1 symmetric cross-entropy, 2 semi-supervised", 2, network);
                return new(network)
                {
                    Report = new(
                        [],
                        losses.Length == 0
                            ? []
                            :
                            [
                                LowestLosses.Histogram(
                                    "Symmetric cross-entropy before the last round",
                                    "loss",
                                    losses,
                                    losses.Order().ElementAt((int)(LabelledShare * losses.Length))
                                ),
                            ],
                        ""
                    ),
                };
            }
        );

    /// <summary>
    /// Symmetric cross-entropy float [n] (Wang et al., ICCV 2019): a tenth of the usual one plus the reverse, with
    /// labels of at least 1e-4.
    /// </summary>
    internal static Tensor Symmetric(Tensor logits, Tensor labels)
    {
        var usual = nn.functional.cross_entropy(logits, labels, reduction: nn.Reduction.None);

        // Reverse: - sum p log y; log y is 0 at the label and log 1e-4 elsewhere.
        var own = nn.functional.softmax(logits, 1).gather(1, labels.unsqueeze(1)).squeeze(1);
        var reverse = own.neg().add((Scalar)1).mul((Scalar)(-Math.Log(SmallestLabel)));
        return usual.mul((Scalar)CrossEntropyWeight).add(reverse);
    }

    /// <summary>The samples whose labels are believed: those with the lowest losses, of all or of each class.</summary>
    internal int[] Labelled(float[] losses, int[] labels) =>
        PerClass
            ?
            [
                .. Enumerable
                    .Range(0, losses.Length)
                    .GroupBy(i => labels[i])
                    .SelectMany(of => of.OrderBy(i => losses[i]).Take(Math.Max(1, (int)(LabelledShare * of.Count()))))
                    .Order(),
            ]
            : [.. LowestLosses.Take(losses, Math.Max(1, (int)(LabelledShare * losses.Length))).Order()];

    private static TrainOptions Options(TrainOptions recipe, int images) =>
        new()
        {
            Optimizer = OptimizerKind.Adam,
            BatchSize = Math.Min(recipe.BatchSize, images),
            LearningRate = Rate,
            Schedule = ScheduleKind.Constant,
            WeightDecay = 0,
            Flip = recipe.Flip,
            CropPadding = recipe.CropPadding,
            Precision = recipe.Precision,
        };

    private TrainOptions WarmUp(TrainOptions recipe, int images) =>
        Options(recipe, images) with
        {
            Epochs = WarmUpEpochs,
        };

    private float[] Semi(RobustTraining training, Classifier network, double from)
    {
        var (images, run) = (training.TrainingSet, training.Run.Child("semi"));
        using var optimizer = new AdamOptimizer(network, weightDecay: 0);
        var learning = new MixMatch(
            network,
            optimizer,
            64,
            Rate,
            training.FlipAllowed && training.Recipe.Flip,
            Trainer.UsesBFloat16(training.Recipe)
        );
        float[] losses = [];
        for (var round = 0; round < Rounds; round++)
        {
            run.Part(from, 1).Progress(round, Rounds, "rounds");
            network.eval();
            losses = Losses(network, images, run);
            var labelled = Labelled(losses, images.Labels);
            var others = LowestLosses.Others(LowestLosses.Mask(images.Count, labelled));
            var weight = LargestGuessWeight * Math.Clamp((double)(round + GrowthFrom) / Growth, 0, 1);
            learning.Round(
                images.Select(labelled),
                images.Select(others),
                RoundSteps,
                weight,
                run.Child($"round {round}")
            );
        }

        network.eval();
        optimizer.ClearGradients();
        return losses;
    }

    private static float[] Losses(Classifier network, ImageSet images, RunContext run)
    {
        var logits = Inference.Rows(network.call, images, run);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return Inference.Floats(
            Symmetric(
                tensor(logits, [images.Count, images.Classes]),
                tensor(Array.ConvertAll(images.Labels, label => (long)label))
            )
        );
    }
}
