using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using TorchSharp;

namespace BackdoorLab.Engine.Attacks;

/// <summary>Whether poisoned images get the target's label or have it.</summary>
public enum PoisonLabels
{
    /// <summary>Images of other classes get the target's label.</summary>
    Dirty,

    /// <summary>Images of the target class keep theirs.</summary>
    Clean,
}

/// <summary>Which images a trigger is to work on.</summary>
public enum TriggerSources
{
    /// <summary>Those of every class but the target.</summary>
    AllClasses,

    /// <summary>Those of one class.</summary>
    OneClass,
}

/// <summary>
/// AdvDoor: the trigger is a targeted universal adversarial perturbation, found on a benign network of the attacker's,
/// so that poison lies near the target's features. Zhang et al., "AdvDoor: Adversarial Backdoor Attack of Deep Learning
/// System", ISSTA 2021. Departures: signed-gradient steps over batches (256 images, a fifth of the limit each, images
/// clamped) as in Grond's released code, instead of DeepFool image by image; poison takes the place of images in a
/// training from scratch, where the authors append it and fine-tune; by default every other class is a source. Such a
/// trigger moves a clean network too: the run says how often it does on the attacker's own, and the gain is attack
/// success less that on the benign twin.
/// </summary>
[Method(
    "advdoor",
    "AdvDoor",
    Aliases = ["tuap"],
    Order = 8,
    Summary = "Poisons with a universal adversarial perturbation towards the target, found on a clean network of the attacker's own; features of the poison look like the target's.",
    Paper = "Q. Zhang, Y. Ding, Y. Tian, J. Guo, M. Yuan, Y. Jiang: AdvDoor: Adversarial Backdoor Attack of Deep Learning System. ISSTA 2021.",
    Deviations = "The perturbation is found by signed-gradient steps over batches instead of DeepFool image by image; poison replaces images in a training from scratch instead of being appended before fine-tuning; all classes are sources unless one is chosen."
)]
public sealed record AdvDoor : PreparedAttack
{
    /// <summary>A twentieth of the set, half of one of ten classes.</summary>
    public AdvDoor() => PoisonRate = 0.05;

    /// <summary>Largest change of a pixel.</summary>
    [Range(1.0, 128.0)]
    [Description("Largest change of a pixel in levels of 0 to 255: 30 in the authors' code, 8 in Grond's.")]
    public double Epsilon { get; init; } = 16;

    /// <summary>Steps of the search.</summary>
    [Range(1, 100_000)]
    [Description("Steps of the search, of 256 images each: 500 in Grond's code, 150 are a brief search.")]
    public int Steps { get; init; } = 500;

    /// <summary>Whether poison is relabelled.</summary>
    [Description(
        "Dirty relabels images of the source classes; clean poisons images of the target and keeps their label."
    )]
    public PoisonLabels Labels { get; init; }

    /// <summary>What the trigger is to work on.</summary>
    [Description("The classes that the trigger is found for and tried on: all others, or one.")]
    public TriggerSources Sources { get; init; }

    /// <summary>The one class.</summary>
    [Range(0, 999)]
    [Description("The class that the trigger is found for, where it is one.")]
    public int SourceClass { get; init; } = 1;

    /// <inheritdoc/>
    public override TriggerNature Nature => TriggerNature.Optimised;

    /// <inheritdoc/>
    public override bool IsVisible => false;

    /// <inheritdoc/>
    public override bool IsCleanLabel => Labels == PoisonLabels.Clean;

    /// <inheritdoc/>
    public override string? CandidateClass =>
        IsCleanLabel || Sources == TriggerSources.AllClasses ? base.CandidateClass : "the source class";

    /// <inheritdoc/>
    public override IEnumerable<SpecFault> Conflicts
    {
        get
        {
            if (Mapping == LabelMapping.AllToAll)
            {
                yield return new("mapping", "must be all-to-one: the trigger is made towards one class.");
            }

            if (Sources == TriggerSources.OneClass && SourceClass == TargetLabel)
            {
                yield return new("sourceClass", $"must be another class than the target, {TargetLabel}.");
            }
        }
    }

    /// <inheritdoc/>
    public override bool IsCandidate(int label) => IsCleanLabel ? base.IsCandidate(label) : IsSource(label);

    /// <summary>Images of a class that is no source keep their label, also where they are triggered.</summary>
    public override int Map(int label, int classes) => IsSource(label) ? base.Map(label, classes) : label;

    /// <inheritdoc/>
    public override PreparedAttack AssetForm() =>
        new AdvDoor
        {
            TargetLabel = TargetLabel,
            Epsilon = Epsilon,
            Steps = Steps,
            Sources = Sources,
            SourceClass = Sources == TriggerSources.OneClass ? SourceClass : new AdvDoor().SourceClass,
        };

    /// <inheritdoc/>
    public override double AssetImages(int trainCount, int classes) => (double)Steps * UniversalNoise.BatchSize;

    /// <inheritdoc/>
    public override AttackAsset MakeAsset(AssetContext context)
    {
        int[] sources = [.. Enumerable.Range(0, context.Train.Count).Where(i => IsSource(context.Train.Labels[i]))];
        if (sources.Length == 0)
        {
            throw new SpecException([new("attack.sourceClass", "has no training image to make the trigger of.")]);
        }

        using var noise = new UniversalNoise(context, TargetLabel, Epsilon / 255);
        Scalar step = -Epsilon / 255 / 5;
        noise.Search(sources, Steps, (values, slope) => values.add_(slope.sign().mul(step)));
        return new()
        {
            Noise = noise.Values,
            Remarks =
            [
                FormattableString.Invariant(
                    $"AdvDoor: on the attacker's own clean network the trigger sends {100 * noise.Success(sources):0.#} % of training images of the source classes to the target: so much needs no backdoor; compare attack success with the benign twin's"
                ),
            ],
        };
    }

    /// <inheritdoc/>
    public override Trigger CreateTrigger(AttackAsset asset, int channels, int height, int width) =>
        new NoiseTrigger(asset.Noise, channels, height, width);

    private bool IsSource(int label) =>
        Sources == TriggerSources.OneClass ? label == SourceClass : label != TargetLabel;
}
