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

/// <summary>Published studies, done again: small networks and subsets, so that many models fit into an hour on two cores.</summary>
public static class StudyTemplates
{
    private const string Question =
        "Does quantization blind backdoor detectors? Five defenses, each given what its paper entitles it to, beside the rules of the code released with the paper, on the same models.";

    /// <summary>Two real data sets, five backdoored models and five benign twins each.</summary>
    public static StudyTemplate QuantizationBlindspots { get; } = new(
        "quantization-blindspots",
        "ResNet-8 on GTSRB and CIFAR-10 subsets, BadNets, 5 + 5 models each, six precisions. Within an hour on two cores.",
        new StudySpec
        {
            Name = "Quantization Blindspots",
            Question = Question,
            Paper = PublishedClaims.QuantizationBlindspots,
            Seeds = [1, 2, 3, 4, 5],
            Experiment = Document(new ExperimentSpec
            {
                Dataset = new Gtsrb(),
                Model = new ResNet8(),
                Attack = new BadNets { StampAfterAugmentation = true },
                Training = new TrainOptions { Epochs = 25, CropPadding = 2 },
                Precisions = Precisions,
                Defenses = Defenses,
                CleanHoldout = 800,
            }),
            Axes =
            [
                [
                    Patch("{}"),
                    Patch("""{"dataset":{"id":"cifar10","trainLimit":10000,"testLimit":3000},"training":{"epochs":8,"cropPadding":0},"cleanHoldout":1000}"""),
                ],
            ],
        });

    /// <summary>Generated images, so that it needs no data; twenty models of each kind.</summary>
    public static StudyTemplate OnSigns { get; } = new(
        "quantization-blindspots-signs",
        "ResNet-8 on generated traffic signs, BadNets, 20 + 20 models, six precisions: narrow intervals without any download.",
        QuantizationBlindspots.Spec with
        {
            Name = "Quantization Blindspots on generated signs",
            Seeds = [.. Enumerable.Range(1, 20)],
            Experiment = Document(new ExperimentSpec
            {
                Dataset = new SyntheticSigns { Classes = 10, TrainCount = 3000, TestCount = 1300 },
                Model = new ResNet8(),
                Attack = new BadNets { StampAfterAugmentation = true },
                Training = new TrainOptions { Epochs = 5 },
                Precisions = Precisions,
                Defenses = Defenses,
                CleanHoldout = 500,
            }),
            Axes = [],
        });

    /// <summary>All of them.</summary>
    public static IReadOnlyList<StudyTemplate> All { get; } = [QuantizationBlindspots, OnSigns];

    /// <summary>The template with this id, or null.</summary>
    public static StudyTemplate? Find(string id) => All.FirstOrDefault(template => template.Id == id);

    private static IReadOnlyList<Precision> Precisions =>
    [
        new Float32(),
        new Int8Dynamic(),
        new Int8Static(),
        new Int8Static { CalibrationSet = CalibrationSet.CleanHoldout },
        new Int4WeightOnly(),
        new Int4MinMax(),
    ];

    private static IReadOnlyList<Defense> Defenses =>
    [
        new NeuralCleanse { Rounds = 60, BatchSize = 32 },
        new ActivationClustering(),
        new SpectralSignatures(),
        new Strip { Overlays = 20, ThresholdImages = 200 },
        new FinePruning { FineTuneEpochs = 10, PruneStep = 0.05, CurvePoints = 0 },
        new SeedNeuralCleanse(),
        new SeedActivationClustering(),
        new SeedStrip(),
        new SeedSpectralSignatures(),
        new SeedFinePruning(),
    ];

    private static JsonObject Document(ExperimentSpec spec)
    {
        var document = JsonNode.Parse(SpecJson.Write(spec))!.AsObject();
        document.Remove("seed");
        document.Remove("name");
        return document;
    }

    private static JsonObject Patch(string json) => JsonNode.Parse(json)!.AsObject();
}
