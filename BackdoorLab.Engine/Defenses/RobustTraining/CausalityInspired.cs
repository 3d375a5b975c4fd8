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
/// CBD: a network that is trained for a few passes has learnt the backdoor and little else. A second one is trained
/// with the weight b / (b + c) on each sample (eq. 8 of the paper; b and c are its losses under the first and under the
/// second network), normalised to a mean of one in each batch: what the first knows already counts little.
/// </summary>
[Method(
    "cbd",
    "CBD",
    Order = 71,
    Summary = "Trains a first network for a few passes, which learns the backdoor, and a second one that gives little weight to what the first knows.",
    Paper = "Zhang, Liu, Wang, Lu, Hu: Backdoor Defense via Deconfounded Representation Learning, CVPR 2023",
    Deviations = "Both take the run's recipe, the first at a constant rate. The information term between the two networks' features is left out, as it is in the released default."
)]
public sealed record CausalityInspired : RobustTrainer
{
    private const string Phase = "networks: 1 biased, 2 final";
    private static readonly Scalar Tiny = 1e-8f;

    /// <inheritdoc/>
    public override Needs Needs => Needs.TrainingSet;

    /// <summary>Passes of the first network.</summary>
    [Range(1, 200)]
    [Description("Passes of the first network: enough for the backdoor, too few for the rest. Longer is worse.")]
    public int BiasedEpochs { get; init; } = 5;

    /// <summary>Passes of the second network; 0 takes the recipe's.</summary>
    [Range(0, 1000)]
    [Description("Passes of the second network; 0 takes as many as the usual training.")]
    public int Epochs { get; init; } = 100;

    /// <inheritdoc/>
    public override Defense Brief() => this with { BiasedEpochs = 1, Epochs = 0 };

    /// <inheritdoc/>
    public override double TrainingImages(int trainCount, TrainOptions recipe) =>
        // A forward pass of the first network is a third of a training pass.
        (BiasedEpochs + (Epochs == 0 ? recipe.Epochs : Epochs) * 4 / 3.0) * trainCount;

    /// <inheritdoc/>
    public override RobustModel Train(RobustTraining training) =>
        RobustModel.Of(
            training.Build(),
            training.Run,
            network =>
            {
                var (images, recipe) = (training.TrainingSet, training.Recipe);
                var epochs = Epochs == 0 ? recipe.Epochs : Epochs;
                var share = BiasedEpochs / (BiasedEpochs + epochs * 4 / 3.0);
                using var biased = training.Build();
                var first = recipe with { Epochs = BiasedEpochs, Schedule = ScheduleKind.Constant, LabelSmoothing = 0 };
                training.Train("biased", biased, images, first, 0, share);
                training.Observe(Phase, 1, biased);
                using var frozen = new FrozenNetwork(biased);
                training.Train(
                    "clean",
                    network,
                    images,
                    recipe with
                    {
                        Epochs = epochs,
                        LabelSmoothing = 0,
                    },
                    share,
                    1,
                    new() { Loss = (batch, labels, _) => Loss(biased, network, batch, labels) }
                );
                training.Observe(Phase, 2, network);
                var weights = FinalWeights(biased, network, images, training.Run);
                return new(network)
                {
                    Report = new(
                        [],
                        [LowestLosses.Histogram("Weights at the end", "weight b / (b + c)", weights, 0.5)],
                        ""
                    ),
                };
            }
        );

    /// <summary>
    /// Weights float [n] of mean one from the losses of both networks float [n], without gradient: b / (b + c).
    /// </summary>
    internal static Tensor Weights(Tensor biased, Tensor clean)
    {
        var own = clean.detach();
        var weights = biased.div(biased.add(own).add(Tiny));
        return weights.div(weights.mean().add(Tiny));
    }

    private static Tensor Loss(Classifier biased, Classifier network, Tensor images, Tensor labels)
    {
        Tensor known;
        using (no_grad())
        {
            known = Losses(biased, images, labels);
        }

        var own = Losses(network, images, labels);
        return own.mul(Weights(known, own)).mean();
    }

    private static Tensor Losses(Classifier network, Tensor images, Tensor labels) =>
        nn.functional.cross_entropy(TrainingStep.Logits(network, images), labels, reduction: nn.Reduction.None);

    private static float[] FinalWeights(Classifier biased, Classifier network, ImageSet images, RunContext run)
    {
        var (b, c) = (Inference.Losses(biased, images, run), Inference.Losses(network, images, run));
        return [.. b.Zip(c, (known, own) => known / (known + own + 1e-8f))];
    }
}
