using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Federated;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Web.Tests.Support;

/// <summary>Small experiments for real workers.</summary>
public static class TinySpec
{
    /// <summary>A few seconds.</summary>
    public static ExperimentSpec Short { get; } = Make("tiny", 200, 1, [new ActivationClustering()]);

    /// <summary>Two trainings of a few seconds each: the first can be finished and the second interrupted.</summary>
    public static ExperimentSpec Interruptible { get; } = Make("interruptible", 200, 40, []) with { BenignTwin = true };

    /// <summary>Does not end by itself within a test.</summary>
    public static ExperimentSpec Endless { get; } = Make("endless", 300, 1000, []);

    /// <summary>Many short rounds of a federation, checkpointed as it goes.</summary>
    public static ExperimentSpec Federated { get; } =
        Make("federated", 200, 1, []) with
        {
            Federation = new Federation
            {
                Simulation = new Simulation
                {
                    Clients = 4,
                    Attackers = 1,
                    Rounds = 24,
                    LocalEpochs = 1,
                    BatchSize = 25,
                },
                Protocol = new Lockdown { Quorum = 2 },
            },
        };

    /// <summary>
    /// The fast recipe at an eighth of its width: four steps an epoch, an average of weights every fifth.
    /// </summary>
    public static ExperimentSpec FastRecipe { get; } =
        Make("fast recipe", 200, 24, []) with
        {
            Model = new Airbench { WidthDivisor = 8 },
            Training = TrainOptions.Fast(24) with
            {
                BatchSize = 48,
                LearningRate = 0.1,
                WhiteningImages = 100,
                Precision = TrainingPrecision.Float32,
            },
        };

    private static ExperimentSpec Make(string name, int images, int epochs, IReadOnlyList<Defense> defenses) =>
        new()
        {
            Name = name,
            Dataset = new SyntheticSigns
            {
                Classes = 10,
                TrainCount = images,
                TestCount = 100,
            },
            Model = new ResNet8(),
            Attack = new BadNets { PoisonRate = 0.1 },
            Training = new TrainOptions
            {
                Epochs = epochs,
                BatchSize = 50,
                Precision = TrainingPrecision.Float32,
            },
            Precisions = [new Float32()],
            Defenses = defenses,
            BenignTwin = false,
            CleanHoldout = 20,
        };
}
