using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Experiments;

/// <summary>
/// Starting points of the form and of <c>demo</c>. Their schedules are short: flips only, because crops move or cut a
/// corner trigger that is stamped before them, and a few epochs do not learn it then.
/// </summary>
public static class Presets
{
    /// <summary>
    /// The demo: generated signs, small net, five defenses at three precisions, both models, inside three minutes.
    /// </summary>
    public static Preset Demo { get; } =
        new(
            "demo",
            "Demo",
            "Generated traffic signs, ResNet-8, BadNets and its benign twin, five defenses at three precisions. Under three minutes on two cores.",
            new ExperimentSpec
            {
                Name = "Demo: BadNets on generated signs",
                Dataset = new SyntheticSigns
                {
                    Classes = 10,
                    TrainCount = 4000,
                    TestCount = 1500,
                },
                Model = new ResNet8(),
                Attack = new BadNets { PoisonRate = 0.1 },
                Training = new TrainOptions { Epochs = 5 },
                Precisions = [new Float32(), new Int8Dynamic(), new Int4WeightOnly()],
                Defenses = Five(
                    new NeuralCleanse { Rounds = 40, BatchSize = 32 },
                    new Strip { Overlays = 30, ThresholdImages = 150 },
                    new FinePruning { FineTuneEpochs = 3, PruneStep = 0.05 }
                ),
                CleanHoldout = 500,
            }
        );

    /// <summary>Small net on a CIFAR-10 subset.</summary>
    public static Preset Quick { get; } =
        new(
            "quick",
            "Quick",
            "ResNet-8 on 10,000 CIFAR-10 images, 6 epochs. Learns the backdoor fully; detection rules that need well trained classes are weak here.",
            Spec(
                "Quick: BadNets on CIFAR-10",
                new Cifar10 { TrainLimit = 10_000, TestLimit = 3000 },
                new ResNet8(),
                new TrainOptions { Epochs = 6 },
                new NeuralCleanse()
            )
        );

    /// <summary>Four-stage narrow net; trained long enough for detectors to separate.</summary>
    public static Preset Standard { get; } =
        new(
            "standard",
            "Standard",
            "Narrow ResNet-10 on 20,000 CIFAR-10 images, 10 epochs. The target class stands out in Neural Cleanse.",
            Spec(
                "Standard: BadNets on CIFAR-10",
                new Cifar10 { TrainLimit = 20_000, TestLimit = 4000 },
                new ResNet10Narrow(),
                new TrainOptions { Epochs = 10 },
                new NeuralCleanse()
            )
        );

    /// <summary>The field's network on the whole set; hours on a small machine.</summary>
    public static Preset Full { get; } =
        new(
            "full",
            "Full",
            "ResNet-18 on all of CIFAR-10, 15 epochs. Hours on two cores; look at the estimate first.",
            Spec(
                "Full: BadNets on CIFAR-10",
                new Cifar10(),
                new ResNet18(),
                new TrainOptions { Epochs = 15 },
                new NeuralCleanse()
            )
        );

    /// <summary>
    /// The fast recipe on the whole set: a victim as papers have it, in minutes where the processor has BF16
    /// instructions.
    /// </summary>
    public static Preset Fast { get; } =
        new(
            "fast",
            "Fast",
            "Airbench on all of CIFAR-10 by the fast recipe, 10 epochs: 93.1 % clean accuracy (n = 1) after 12.5 minutes of training on two cores with BF16 instructions.",
            Spec("Fast: BadNets on CIFAR-10", new Cifar10(), new Airbench(), TrainOptions.Fast(10), new NeuralCleanse())
        );

    /// <summary>The same at half the width, for studies of many models.</summary>
    public static Preset FastSmall { get; } =
        new(
            "fast-small",
            "Fast small",
            "Airbench at half the width on all of CIFAR-10 by the fast recipe, 10 epochs: 90.3 % clean accuracy (n = 1), a quarter of the arithmetic.",
            Spec(
                "Fast small: BadNets on CIFAR-10",
                new Cifar10(),
                new Airbench { WidthDivisor = 2 },
                TrainOptions.Fast(10),
                new NeuralCleanse()
            )
        );

    /// <summary>What the form of a new run begins with.</summary>
    public static Preset Default => Fast;

    /// <summary>What a sweep begins with: many models.</summary>
    public static Preset ForSweeps => FastSmall;

    /// <summary>All presets, smallest first.</summary>
    public static IReadOnlyList<Preset> All { get; } = [Demo, Quick, Standard, FastSmall, Fast, Full];

    /// <summary>The preset with this id, or null.</summary>
    public static Preset? Find(string id) => All.FirstOrDefault(preset => preset.Id == id);

    private static ExperimentSpec Spec(
        string name,
        DatasetSource dataset,
        ModelSource model,
        TrainOptions training,
        NeuralCleanse cleanse
    ) =>
        new()
        {
            Name = name,
            Dataset = dataset,
            Model = model,
            Attack = new BadNets { PoisonRate = 0.1 },
            Training = training,
            Precisions = [new Float32(), new BFloat16(), new Int8Dynamic(), new Int4WeightOnly()],
            Defenses = Five(cleanse, new Strip(), new FinePruning()),
            CleanHoldout = 1000,
        };

    private static IReadOnlyList<Defense> Five(NeuralCleanse cleanse, Strip strip, FinePruning pruning) =>
        [cleanse, new ActivationClustering(), new SpectralSignatures(), strip, pruning];
}
