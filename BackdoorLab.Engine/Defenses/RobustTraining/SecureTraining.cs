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
/// D-ST: samples are told apart as by D-BR; a fresh network learns features by contrast, with labels among those taken
/// for clean alone; then its head learns from the clean ones and unlearns the poison (section 4.3 of the paper).
/// </summary>
[Method(
    "d-st",
    "D-ST",
    Order = 73,
    Summary = "Takes samples whose features move most under turns and shifts for poison; a fresh network learns features by contrast and its head from the clean samples alone.",
    Paper = "Chen, Wu, Wang: Effective Backdoor Defense by Exploiting Sensitivity of Poisoned Samples, NeurIPS 2022",
    Deviations = "As D-BR's separation. Views are crops, flips, colour jitter and grey, without blur; the projection head has no normalisation. The brief setting is a tenth of the paper's 200 passes in two views, and its clean accuracy far below plain training."
)]
public sealed record SecureTraining : RobustTrainer
{
    private const double UnlearnWeight = 0.001;
    private const double HeadRate = 5;

    /// <inheritdoc/>
    public override DefenseDomain Domain => DefenseDomain.Feature;

    /// <inheritdoc/>
    public override Needs Needs => Needs.TrainingSet;

    /// <summary>Passes before the centre loss.</summary>
    [Range(1, 100)]
    [Description("Passes of the separating network by the usual loss.")]
    public int WarmUpEpochs { get; init; } = 2;

    /// <summary>Passes of the centre loss.</summary>
    [Range(0, 100)]
    [Description("Passes of the separating network by the centre loss at most.")]
    public int CentreEpochs { get; init; } = 10;

    /// <summary>Share taken for clean.</summary>
    [Range(0.01, 0.9)]
    [Description("Share of the samples, those that move least, that is taken for clean.")]
    public double CleanShare { get; init; } = 0.2;

    /// <summary>Share taken for poison.</summary>
    [Range(0.001, 0.5)]
    [Description("Share of the samples, those that move most, that is taken for poison.")]
    public double PoisonShare { get; init; } = 0.05;

    /// <summary>Passes by contrast.</summary>
    [Range(1, 2000)]
    [Description("Passes by contrast, each with two views of every image.")]
    public int Epochs { get; init; } = 200;

    /// <summary>Images of such a step.</summary>
    [Range(2, 1024)]
    [Description("Images per step by contrast, each in two views.")]
    public int BatchSize { get; init; } = 512;

    /// <summary>Passes of the head.</summary>
    [Range(1, 200)]
    [Description("Passes of the head over the samples taken for clean and for poison.")]
    public int HeadEpochs { get; init; } = 10;

    private SampleSeparation Separation => new(WarmUpEpochs, CentreEpochs, 0.01);

    private ContrastivePlan Plan => new(Epochs, BatchSize, 0.5, 0.1);

    /// <inheritdoc/>
    public override Defense Brief() => this with { CentreEpochs = 0, Epochs = 20, BatchSize = 128 };

    /// <inheritdoc/>
    public override double TrainingImages(int trainCount, TrainOptions recipe) =>
        Separation.Images(trainCount)
        + Plan.Images(trainCount)
        + HeadEpochs * (CleanShare + PoisonShare) * trainCount / 3;

    /// <inheritdoc/>
    public override RobustModel Train(RobustTraining training) =>
        RobustModel.Of(
            training.Build(),
            training.Run,
            network =>
            {
                var images = training.TrainingSet;
                var separating = Separation.Images(images.Count) / TrainingImages(images.Count, training.Recipe);
                var (distances, centred) = Separation.Distances(training, separating);
                var split = SampleSplit.Of(distances, CleanShare, PoisonShare);
                var groups = new int[images.Count];
                Array.Fill(groups, Contrastive.Alone);
                foreach (var index in split.Clean)
                {
                    groups[index] = images.Labels[index];
                }

                Contrastive.Train(training, network, Plan, groups, separating, 0.95);
                Head(training, network, split);
                return new(network)
                {
                    TakenForPoison = split.Mask,
                    Report = new([], split.Figures(images), split.Words(centred)),
                };
            }
        );

    private void Head(RobustTraining training, Classifier network, SampleSplit split)
    {
        var images = training.TrainingSet.Select([.. split.Clean, .. split.Poison]);
        var head = HeadLayers.Of(network).Select(parameter => parameter.Handle).ToHashSet();
        using var frozen = new FrozenParameters(
            network.parameters().Where(parameter => !head.Contains(parameter.Handle))
        );
        training.Train(
            "head",
            network,
            images,
            new()
            {
                Epochs = HeadEpochs,
                BatchSize = Math.Min(training.Recipe.BatchSize, images.Count),
                LearningRate = HeadRate,
                WeightDecay = 0,
                Flip = false,
                Precision = training.Recipe.Precision,
            },
            0.95,
            1,
            new()
            {
                Loss = (batch, labels, indices) =>
                {
                    var weights = new float[indices.Length];
                    for (var i = 0; i < weights.Length; i++)
                    {
                        weights[i] = indices[i] < split.Clean.Length ? 1 : (float)-UnlearnWeight;
                    }

                    return HeadLoss(network, batch, labels, tensor(weights));
                },
            }
        );
    }

    // Features as in use: the statistics of normalisation stay what contrast made them.
    private static Tensor HeadLoss(Classifier network, Tensor images, Tensor labels, Tensor weights)
    {
        Tensor features;
        network.eval();
        using (no_grad())
        {
            features = network.Features(images);
        }

        network.train();
        var logits = network.Head(features).to_type(ScalarType.Float32);
        return nn.functional.cross_entropy(logits, labels, reduction: nn.Reduction.None).mul(weights).mean();
    }
}
