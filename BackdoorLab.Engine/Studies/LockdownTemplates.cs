using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Federated;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Studies;

/// <summary>
/// Lockdown (Huang et al., NeurIPS 2023) and its rivals on a small real configuration: ten clients, ten GTSRB classes,
/// a narrow ResNet-9. Five local epochs: with the paper's two, plain SGD on two hundred images a client learns nothing
/// in thirty rounds. The images are dealt by the rule of the released code, since its numbers stand beside these; with
/// as many clients as classes it leaves none out.
/// </summary>
internal static class LockdownTemplates
{
    private const string Locked = """{"federation":{"protocol":{"id":"lockdown","pruningRate":0.02}}}""";

    /// <summary>Methods and partitions, as the paper's Table 4, and the models quantized.</summary>
    internal static StudyTemplate Defenses { get; } =
        new(
            "lockdown",
            "Ten clients, one attacker, ten GTSRB classes, a narrow ResNet-9: FedAvg, Lockdown, Krum, trimmed mean and RFA, IID and Dirichlet 0.5, at FP32, INT8 static and INT4. Under an hour on two cores.",
            Study(
                "Lockdown",
                "Does isolated subspace training keep a backdoor out of a federated model where averaging and robust aggregation do not, and does it still when the model is quantized?",
                [new Float32(), new Int8Static(), new Int4WeightOnly()],
                [
                    """{"federation":{"aggregator":{"id":"fed-avg"}}}""",
                    Locked,
                    """{"federation":{"aggregator":{"id":"krum"}}}""",
                    """{"federation":{"aggregator":{"id":"trimmed-mean"}}}""",
                    """{"federation":{"aggregator":{"id":"rfa"}}}""",
                ],
                ["{}", """{"federation":{"simulation":{"partition":"dirichlet"}}}"""]
            )
        );

    /// <summary>
    /// What attackers can do about it, as the paper's Tables 6 to 8; FixMask and Omniscience again with masks that move
    /// fast.
    /// </summary>
    internal static StudyTemplate Attackers { get; } =
        new(
            "lockdown-attackers",
            "Lockdown against data poisoning, DBA, a sinusoidal trigger, scaling with and without norm clipping, Neurotoxin, FixMask and Omniscience, IID.",
            Study(
                "Lockdown and adaptive attackers",
                "Which attacker gets past isolated subspaces, and what repairs it?",
                [new Float32()],
                [Locked],
                [
                    "{}",
                    """{"federation":{"simulation":{"attackers":4},"attacker":{"id":"dba"}}}""",
                    """{"attack":{"id":"sinusoidal","poisonRate":0.5,"targetLabel":1}}""",
                    """{"federation":{"attacker":{"id":"scaling"}}}""",
                    """{"federation":{"attacker":{"id":"scaling"},"aggregator":{"id":"norm-clipping"}}}""",
                    """{"federation":{"attacker":{"id":"neurotoxin"}}}""",
                    """{"federation":{"attacker":{"id":"fix-mask"}}}""",
                    """{"federation":{"attacker":{"id":"fix-mask"},"protocol":{"pruningRate":0.1}}}""",
                    """{"federation":{"attacker":{"id":"omniscience"}}}""",
                    """{"federation":{"attacker":{"id":"omniscience"},"protocol":{"pruningRate":0.1}}}""",
                ]
            )
        );

    /// <summary>How much poison, how many attackers: the paper's Table 4 and Figure 5.</summary>
    internal static StudyTemplate Rates { get; } =
        new(
            "lockdown-rates",
            "FedAvg and Lockdown over poison rates of 5, 20, 50 and 80 % and one, two and four attackers of ten, IID.",
            Study(
                "Lockdown over poison rate and attackers",
                "How much poison and how many attackers does each method bear?",
                [new Float32()],
                ["{}", Locked],
                [
                    """{"attack":{"poisonRate":0.05}}""",
                    """{"attack":{"poisonRate":0.2}}""",
                    "{}",
                    """{"attack":{"poisonRate":0.8}}""",
                ],
                [
                    "{}",
                    """{"federation":{"simulation":{"attackers":2}}}""",
                    """{"federation":{"simulation":{"attackers":4}}}""",
                ]
            )
        );

    private static StudySpec Study(
        string name,
        string question,
        IReadOnlyList<Precision> precisions,
        params string[][] axes
    ) =>
        new()
        {
            Name = name,
            Question = question,
            Paper = PublishedLockdown.Paper,
            Seeds = [1],
            Experiment = StudyTemplates.Document(
                new ExperimentSpec
                {
                    Dataset = new Gtsrb { ClassCount = 10 },
                    Model = new ResNet9 { WidthDivisor = 8 },
                    Attack = new BadNets
                    {
                        PoisonRate = 0.5,
                        TargetLabel = 1,
                        PatchSize = 4,
                    },
                    Training = new TrainOptions { Precision = TrainingPrecision.Float32 },
                    Federation = new Federation
                    {
                        Simulation = new Simulation
                        {
                            Rounds = 30,
                            LocalEpochs = 5,
                            BatchSize = 20,
                            IidRule = IidRule.Released,
                        },
                    },
                    Precisions = precisions,
                    Defenses = [],
                    BenignTwin = false,
                    CleanHoldout = 200,
                }
            ),
            Axes = [.. axes.Select(axis => axis.Select(StudyTemplates.Patch).ToList())],
        };
}
