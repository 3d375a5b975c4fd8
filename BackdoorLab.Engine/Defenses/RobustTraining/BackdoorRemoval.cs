using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// D-BR: samples whose features move most under turns and shifts are taken for poison and those that move least for
/// clean; the network of the usual training unlearns the former and relearns the latter in turns (section 4.3 of the
/// paper).
/// </summary>
[Method(
    "d-br",
    "D-BR",
    Order = 72,
    Summary = "Takes samples whose features move most under turns and shifts for poison; the trained network unlearns them and relearns those that move least.",
    Paper = "Chen, Wu, Wang: Effective Backdoor Defense by Exploiting Sensitivity of Poisoned Samples, NeurIPS 2022",
    Deviations = "Samples are ranked and the shares taken exactly, where the released code compares with a threshold that collapsed features make meaningless; the centre loss ends when features have shrunk to half. The last round is kept, where the released code keeps the one with the best test figures. Rounds end when the network knows no more of the poison than a guess."
)]
public sealed record BackdoorRemoval : RobustTrainer
{
    private const double WeightDecay = 5e-4;

    /// <inheritdoc/>
    public override DefenseDomain Domain => DefenseDomain.Feature;

    /// <inheritdoc/>
    public override Needs Needs => Needs.TrainingSet | Needs.PlainTraining;

    /// <summary>Passes before the centre loss.</summary>
    [Range(1, 100)]
    [Description("Passes of a fresh network by the usual loss, without augmentation.")]
    public int WarmUpEpochs { get; init; } = 2;

    /// <summary>Passes of the centre loss.</summary>
    [Range(0, 100)]
    [Description("Passes of the centre loss at most.")]
    public int CentreEpochs { get; init; } = 10;

    /// <summary>Rate of both.</summary>
    [Range(1e-6, 1.0)]
    [Description("Learning rate of that network.")]
    public double SeparationRate { get; init; } = 0.01;

    /// <summary>Share taken for clean.</summary>
    [Range(0.01, 0.9)]
    [Description("Share of the samples, those that move least, that is taken for clean.")]
    public double CleanShare { get; init; } = 0.2;

    /// <summary>Share taken for poison.</summary>
    [Range(0.001, 0.5)]
    [Description("Share of the samples, those that move most, that is taken for poison.")]
    public double PoisonShare { get; init; } = 0.05;

    /// <summary>Rounds.</summary>
    [Range(1, 200)]
    [Description("Rounds of unlearning and relearning at most.")]
    public int Rounds { get; init; } = 20;

    /// <summary>Rate of the rounds.</summary>
    [Range(1e-7, 1.0)]
    [Description("Learning rate of unlearning and relearning.")]
    public double LearningRate { get; init; } = 1e-4;

    private SampleSeparation Separation => new(WarmUpEpochs, CentreEpochs, SeparationRate);

    /// <inheritdoc/>
    public override Defense Brief() => this with { CentreEpochs = 0, Rounds = 10 };

    /// <inheritdoc/>
    public override double TrainingImages(int trainCount, TrainOptions recipe) =>
        Separation.Images(trainCount) + Rounds * (CleanShare + PoisonShare) * trainCount;

    /// <inheritdoc/>
    public override RobustModel Train(RobustTraining training)
    {
        using var plain = training.PlainlyTrained();
        return RobustModel.Of(
            plain.FloatModel.Clone(),
            training.Run,
            network =>
            {
                var images = training.TrainingSet;
                var (distances, centred) = Separation.Distances(training, 0.8);
                var split = SampleSplit.Of(distances, CleanShare, PoisonShare);
                var rounds = Remove(network, images.Select(split.Clean), images.Select(split.Poison), training);
                return new(network)
                {
                    TakenForPoison = split.Mask,
                    Report = new([], split.Figures(images), $"{split.Words(centred)} {rounds} rounds."),
                };
            }
        );
    }

    private int Remove(Classifier network, ImageSet clean, ImageSet poison, RobustTraining training)
    {
        var run = training.Run.Child("remove");
        var augmentation = new Augmentation(4, training.FlipAllowed);
        using var steps = new Unlearning(
            network,
            LearningRate,
            training.Recipe.BatchSize,
            WeightDecay,
            training.Recipe,
            run
        );
        var round = 0;
        for (; round < Rounds && !Unlearning.IsUnlearnt(network, poison, run); round++)
        {
            training.Observe("rounds", round, network);
            training.Run.Part(0.8, 1).Progress(round, Rounds, "rounds");
            steps.Pass(poison, up: true, augmentation: augmentation);
            steps.Pass(clean, up: false, augmentation: augmentation);
            network.eval();
        }

        training.Observe("rounds", round, network);
        return round;
    }
}
