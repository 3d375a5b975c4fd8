using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Evaluation;

/// <summary>Clean images of a few labels that controls work on, numbered anew from 0.</summary>
/// <param name="Labels">The victim's labels that take part, in their new order.</param>
/// <param name="Holdout">What a controlled method gets as its clean holdout.</param>
/// <param name="Training">What a sample is planted in.</param>
/// <param name="Inputs">Inputs at test time.</param>
public sealed record ControlSets(int[] Labels, ImageSet Holdout, ImageSet Training, ImageSet Inputs)
{
    internal const int MostLabels = 5;
    internal const int HoldoutPerLabel = 20;
    internal const int TrainingPerLabel = 100;
    internal const int InputsPerLabel = 8;
    private const int FewestLabels = 3;

    /// <summary>
    /// The labels with most training images. The attack's own target stays out, so that its backdoor is not in the way
    /// of the planted one.
    /// </summary>
    /// <param name="holdout">The defender's clean images.</param>
    /// <param name="training">Clean training images.</param>
    /// <param name="test">Clean test images.</param>
    /// <param name="target">The attack's single target label, or null.</param>
    /// <param name="seeds">Which label gets which number.</param>
    /// <exception cref="NotApplicableException">Fewer than three labels have images.</exception>
    public static ControlSets Of(ImageSet holdout, ImageSet training, ImageSet test, int? target, SeedTree seeds)
    {
        int[] labels =
        [
            .. new[] { holdout, training, test }
                .Select(set => set.Labels.Distinct())
                .Aggregate((common, next) => common.Intersect(next))
                .Where(label => label != target)
                .OrderByDescending(label => training.Labels.Count(given => given == label))
                .ThenBy(label => label)
                .Take(MostLabels),
        ];
        if (labels.Length < FewestLabels)
        {
            throw new NotApplicableException(
                $"Controls need {FewestLabels} labels besides the attack's target; there are {labels.Length}."
            );
        }

        seeds.Random().Shuffle(labels);
        return new ControlSets(
            labels,
            Part(holdout, labels, HoldoutPerLabel),
            Part(training, labels, TrainingPerLabel),
            Part(test, labels, InputsPerLabel)
        );
    }

    // The labels take turns, so that any beginning of the set holds all of them.
    private static ImageSet Part(ImageSet set, int[] labels, int perLabel)
    {
        int[] chosen =
        [
            .. labels
                .SelectMany(label =>
                    Enumerable
                        .Range(0, set.Count)
                        .Where(i => set.Labels[i] == label)
                        .Take(perLabel)
                        .Select((image, turn) => (image, turn))
                )
                .OrderBy(pick => pick.turn)
                .Select(pick => pick.image),
        ];
        return set.Select(chosen) with
        {
            Labels = [.. chosen.Select(i => Array.IndexOf(labels, set.Labels[i]))],
            ClassNames = [.. labels.Select(label => set.ClassNames[label])],
        };
    }
}
