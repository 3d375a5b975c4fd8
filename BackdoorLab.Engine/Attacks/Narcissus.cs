using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Attacks;

/// <summary>
/// Narcissus: noise that makes images of the target class look even more like it to a surrogate network, added to some
/// of them with their labels as they are; at test time it is added three times as large. Zeng et al., "Narcissus: A
/// Practical Clean-Label Backdoor Attack with Limited Information", ACM CCS 2023, Algorithm 1. Departures: the
/// surrogate is a clean network of the attacker's on the same training set, by the victim's recipe with other random
/// streams, and not one trained on another data set and warmed up on the target class, so this attacker knows more; the
/// noise is optimised by Adam with the surrogate in evaluation mode (running statistics, where the released code takes
/// those of the batch), for 60 instead of 1,000 passes. The limit is 32 levels and half of one of ten classes is
/// poisoned, which short schedules need on small images; the paper has 16 levels and 0.05 % of the set.
/// </summary>
[Method(
    "narcissus",
    "Narcissus",
    Order = 9,
    Summary = "Adds noise that a surrogate network takes for the target class to images of that class, labels as they are; the noise, enlarged, opens the backdoor.",
    Paper = "Y. Zeng, M. Pan, H. A. Just, L. Lyu, M. Qiu, R. Jia: Narcissus: A Practical Clean-Label Backdoor Attack with Limited Information. ACM CCS 2023.",
    Deviations = "The surrogate is a clean network of another seed on the same data instead of one trained on another data set and warmed up on the target class; noise is optimised in evaluation mode and for fewer passes; default limit is 32 levels instead of 16, and half of one of ten classes is poisoned."
)]
public sealed record Narcissus : PreparedAttack
{
    // The paper's 0.01, whose pixels span two.
    private const double LearningRate = 0.005;

    private const int UsualMagnification = 3;

    /// <summary>Half of one of ten classes.</summary>
    public Narcissus() => PoisonRate = 0.05;

    /// <summary>Largest change of a pixel in training.</summary>
    [Range(1.0, 128.0)]
    [Description("Largest change of a pixel of a training image, in levels of 0 to 255; the paper has 16.")]
    public double Epsilon { get; init; } = 32;

    /// <summary>Passes of the search.</summary>
    [Range(1, 10_000)]
    [Description("Passes over the images of the target class while the noise is optimised; the paper has 1,000.")]
    public int Passes { get; init; } = 60;

    /// <summary>How much larger the noise is at test time.</summary>
    [Range(1.0, 10.0)]
    [Description("Factor of the noise at test time; 1 tries it as it is in training images.")]
    public double TestMagnification { get; init; } = UsualMagnification;

    /// <inheritdoc/>
    public override TriggerNature Nature => TriggerNature.Optimised;

    /// <inheritdoc/>
    public override bool IsVisible => false;

    /// <inheritdoc/>
    public override bool IsCleanLabel => true;

    /// <inheritdoc/>
    public override PreparedAttack AssetForm() =>
        new Narcissus
        {
            TargetLabel = TargetLabel,
            Epsilon = Epsilon,
            Passes = Passes,
        };

    /// <inheritdoc/>
    public override double AssetImages(int trainCount, int classes) => (double)Passes * trainCount / classes;

    /// <inheritdoc/>
    public override AttackAsset MakeAsset(AssetContext context)
    {
        var labels = context.Train.Labels;
        int[] own = [.. Enumerable.Range(0, labels.Length).Where(i => labels[i] == TargetLabel)];
        int[] others = [.. Enumerable.Range(0, labels.Length).Where(i => labels[i] != TargetLabel)];
        if (own.Length == 0)
        {
            throw new SpecException([new("attack.targetLabel", "has no training image to make the trigger of.")]);
        }

        using var noise = new UniversalNoise(context, TargetLabel, Epsilon / 255);
        using var adam = new AdamOptimizer(noise, weightDecay: 0);
        var batches = Math.Max(1, own.Length / UniversalNoise.BatchSize);
        noise.Search(own, Passes * batches, (_, _) => adam.Step(LearningRate));
        return new()
        {
            Noise = noise.Values,
            Remarks =
            [
                FormattableString.Invariant(
                    $"Narcissus: on the attacker's own clean network the noise sends {100 * noise.Success(others):0.#} % of training images of other classes to the target, {UsualMagnification} times as large {100 * noise.Success(others, UsualMagnification):0.#} %; compare attack success with the benign twin's"
                ),
            ],
        };
    }

    /// <inheritdoc/>
    public override Trigger CreateTrigger(AttackAsset asset, int channels, int height, int width) =>
        new NoiseTrigger(asset.Noise, channels, height, width, TestMagnification);

    /// <inheritdoc/>
    public override IReadOnlyList<SampleChange> Choose(PoisonChoice choice) =>
        [
            new(choice.Draw(), choice.Trigger is NoiseTrigger noise ? noise.Unmagnified() : choice.Trigger)
            {
                MovesLabel = false,
            },
        ];
}
