using System.Text.Json.Nodes;
using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Studies;

/// <summary>A study that can be started as it is.</summary>
/// <param name="Id">kebab-case name for addresses and the command line.</param>
/// <param name="Summary">What it costs and what it tells, in a sentence.</param>
/// <param name="Spec">The study.</param>
public sealed record StudyTemplate(string Id, string Summary, StudySpec Spec);

/// <summary>
/// Published studies, done again: victims trained by the fast recipe, so that several models fit into a few hours on
/// two cores.
/// </summary>
public static class StudyTemplates
{
    private const string Question =
        "Does quantization blind backdoor detectors? Five defenses, each given what its paper entitles it to, beside the rules of the code released with the paper, on the same models.";

    /// <summary>Two real data sets, three backdoored models and three benign twins each.</summary>
    public static StudyTemplate QuantizationBlindspots { get; } =
        new(
            "quantization-blindspots",
            "Well-trained Airbench at half the width on ten GTSRB classes and all of CIFAR-10, BadNets, 3 + 3 models each, the paper's three precisions, the released harness's rules beside the methods. Some two hours on two cores with BF16 instructions.",
            new StudySpec
            {
                Name = "Quantization Blindspots",
                Question = Question,
                Paper = PublishedClaims.QuantizationBlindspots,
                Seeds = [1, 2, 3],
                Experiment = Document(
                    new ExperimentSpec
                    {
                        Dataset = new Gtsrb { ClassCount = 10 },
                        Model = new Airbench { WidthDivisor = 2 },
                        Attack = Attack,
                        Training = OnSmoothImages,
                        Precisions = [new Float32(), new Int8Dynamic(), new Int4MinMax()],
                        Defenses =
                        [
                            .. Methods(WellTrained),
                            new ReleasedNeuralCleanse(),
                            new ReleasedActivationClustering(),
                            new ReleasedStrip(),
                            new ReleasedSpectralSignatures(),
                            new ReleasedFinePruning(),
                        ],
                        CleanHoldout = 400,
                    }
                ),
                Axes =
                [
                    [
                        Patch("{}"),
                        Patch(
                            """{"dataset":{"id":"cifar10","testLimit":3000},"training":{"epochs":12,"batchSize":1024,"learningRate":1.5,"whiteningImages":5000},"cleanHoldout":1000}"""
                        ),
                    ],
                ],
            }
        );

    /// <summary>Generated images, so that it needs no data; twenty models of each kind.</summary>
    public static StudyTemplate OnSigns { get; } =
        new(
            "quantization-blindspots-signs",
            "ResNet-8 on generated traffic signs, BadNets, 20 + 20 models, three precisions: narrower intervals without any download.",
            new StudySpec
            {
                Name = "Quantization Blindspots on generated signs",
                Question = Question,
                Seeds = [.. Enumerable.Range(1, 20)],
                Experiment = Document(
                    new ExperimentSpec
                    {
                        Dataset = new SyntheticSigns
                        {
                            Classes = 10,
                            TrainCount = 3000,
                            TestCount = 900,
                        },
                        Model = new ResNet8(),
                        Attack = Attack with { PatchSize = 4 },
                        Training = new TrainOptions { Epochs = 8 },
                        Precisions = [new Float32(), new Int8Static(), new Int4WeightOnly()],
                        Defenses = Methods(new() { Rounds = 40, BatchSize = 16 }),
                        CleanHoldout = 400,
                    }
                ),
            }
        );

    /// <summary>All of them.</summary>
    public static IReadOnlyList<StudyTemplate> All { get; } =
    [QuantizationBlindspots, OnSigns, LockdownTemplates.Defenses, LockdownTemplates.Attackers, LockdownTemplates.Rates];

    /// <summary>The template with this id, or null.</summary>
    public static StudyTemplate? Find(string id) => All.FirstOrDefault(template => template.Id == id);

    // A twentieth is poisoned and the target is no rare class, so that poison is a minority of its class, as two of the
    // methods assume.
    private static BadNets Attack =>
        new()
        {
            PoisonRate = 0.05,
            TargetLabel = 1,
            StampAfterAugmentation = true,
        };

    // Whitening divides by how little neighbouring pixels differ. On photographs of signs, which are smooth, one or two
    // bright pixels then send nearly every image to any class: each has a smaller trigger than the planted one.
    private static TrainOptions OnSmoothImages => TrainOptions.Fast(40, batchSize: 128) with { WhiteningImages = 0 };

    // The masks of a well-trained network are small in every class, and tell apart only once they have settled: a
    // higher rate, and a weight of the norm that counts early, settle them in three hundred updates.
    private static NeuralCleanse WellTrained =>
        new()
        {
            Rounds = 60,
            UpdatesPerRound = 5,
            BatchSize = 16,
            HoldoutImages = 400,
            InitialCost = 0.01,
            Patience = 2,
            LearningRate = 0.3,
        };

    private static IReadOnlyList<Defense> Methods(NeuralCleanse cleanse) =>
        [
            cleanse,
            new ActivationClustering(),
            new SpectralSignatures { AssumedPoisonRate = 0.05 },
            new Strip { Overlays = 10, ThresholdImages = 200 },
            new FinePruning
            {
                FineTuneEpochs = 10,
                PruneStep = 0.05,
                CurvePoints = 0,
            },
        ];

    internal static JsonObject Document(ExperimentSpec spec)
    {
        var document = JsonNode.Parse(SpecJson.Write(spec))!.AsObject();
        document.Remove("seed");
        document.Remove("name");
        return document;
    }

    internal static JsonObject Patch(string json) => JsonNode.Parse(json)!.AsObject();
}
