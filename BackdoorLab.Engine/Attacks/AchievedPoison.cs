using System.Text.Json.Serialization;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Attacks;

/// <summary>
/// How much was really poisoned, beside what was asked for. A rate is asked of the whole set (of each attacker's images
/// of other classes in a federation), images are whole, and under all-to-one those of the target class cannot be
/// poisoned.
/// </summary>
public sealed record AchievedPoison
{
    /// <summary>The rate of the spec, 0..1.</summary>
    public required double Asked { get; init; }

    /// <summary>Training images.</summary>
    public required int Images { get; init; }

    /// <summary>Those that the attack may poison: under all-to-one the ones of other classes than the target.</summary>
    public required int Candidates { get; init; }

    /// <summary>Those that are poisoned.</summary>
    public required int Poisoned { get; init; }

    /// <summary>Poisoned share of each label as it is learnt, where any is.</summary>
    public required IReadOnlyList<PoisonedClass> Classes { get; init; }

    /// <summary>Which class those have, in words; null where it is any but the target.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? CandidateClass { get; init; }

    /// <summary>Whether the rate was asked of each attacker's candidates and not of the whole set.</summary>
    public bool OfAttackers { get; init; }

    /// <summary>Poisoned images of all training images, 0..1.</summary>
    public double Share => Images == 0 ? 0 : (double)Poisoned / Images;

    /// <summary>
    /// Poisoned images of the label that has the largest share of them, 0..1: under all-to-one the target's.
    /// </summary>
    public double LargestClassShare =>
        Classes.Count == 0 ? 0 : Classes.Max(label => (double)label.Poisoned / label.Images);

    /// <summary>
    /// "32 of 1,900 training images (1.7 %), 31.4 % of label 0"; with the rate asked for where it is another.
    /// </summary>
    public string Words()
    {
        var asked =
            OfAttackers ? $"; asked {Percent(Asked)} of attackers' images of {CandidateClass ?? "other classes"}"
            : Percent(Share) == Percent(Asked) ? ""
            : $"; asked {Percent(Asked)}";
        var label = Classes.MaxBy(one => (double)one.Poisoned / one.Images);
        var classes =
            label is null ? ""
            : Classes.Count == 1 ? $", {Percent(LargestClassShare)} of label {label.Label}"
            : $", up to {Percent(LargestClassShare)} of a label";
        return FormattableString.Invariant(
            $"{Poisoned:N0} of {Images:N0} training images ({Percent(Share)}{asked}){classes}"
        );
    }

    /// <summary>What to say beside the numbers where less was poisoned than asked; empty otherwise.</summary>
    public string Remark =>
        OfAttackers || Poisoned >= Poisoner.CountOf(Images, Asked)
            ? ""
            : FormattableString.Invariant(
                $"poisoned {Poisoned:N0} of {Images:N0} training images, {Percent(Share)}, where {Percent(Asked)} was asked for: "
            )
                + (
                    CandidateClass is null
                        ? "no more images have another class than the target"
                        : $"no more images are of {CandidateClass}"
                );

    /// <summary>Counts what was done.</summary>
    /// <param name="clean">The training set before.</param>
    /// <param name="poisoned">The same after.</param>
    /// <param name="attack">What was asked.</param>
    /// <param name="ofAttackers">Whether the rate is of each attacker's candidates.</param>
    public static AchievedPoison Of(ImageSet clean, PoisonedSet poisoned, Attack attack, bool ofAttackers)
    {
        var labels = poisoned.Images.Labels;
        return new()
        {
            Asked = attack.PoisonRate,
            Images = clean.Count,
            Candidates = clean.Labels.Count(label => attack.IsCandidate(label)),
            Poisoned = poisoned.Mask.Count(poison => poison),
            CandidateClass = attack.CandidateClass,
            OfAttackers = ofAttackers,
            Classes =
            [
                .. Enumerable
                    .Range(0, clean.Classes)
                    .Select(label => new PoisonedClass(
                        label,
                        labels.Count(given => given == label),
                        Enumerable.Range(0, labels.Length).Count(i => poisoned.Mask[i] && labels[i] == label)
                    ))
                    .Where(label => label.Poisoned > 0),
            ],
        };
    }

    /// <summary>
    /// Why a rate above 0 poisons nothing of a training set in one place, or asks a clean-label attack for more than
    /// its class has; null when it can be done.
    /// </summary>
    /// <param name="attack">Rate above 0.</param>
    /// <param name="images">Training images.</param>
    /// <param name="candidates">Those that may be poisoned; null when only their number is not known.</param>
    public static SpecFault? Fault(Attack attack, int images, int? candidates = null)
    {
        if (attack.PoisonRate == 0)
        {
            return null;
        }

        if (candidates == 0)
        {
            return new(
                "attack.targetLabel",
                attack.CandidateClass is { } needed
                    ? $"leaves nothing to poison: none of the {images} training images is of {needed}. Take another target."
                    : $"is the class of all {images} training images: under all-to-one none can be poisoned. "
                        + "Take another target."
            );
        }

        var asked = Poisoner.CountOf(images, attack.PoisonRate);
        if (attack.IsCleanLabel && asked > candidates)
        {
            return new(
                "attack.poisonRate",
                FormattableString.Invariant(
                    $"{attack.PoisonRate} of {images:N0} training images are {asked:N0}, {attack.CandidateClass} has {candidates:N0}: poison that keeps its label is of that class alone. Give at most {Most(images, candidates.Value)}."
                )
            );
        }

        return asked > 0
            ? null
            : new(
                "attack.poisonRate",
                FormattableString.Invariant(
                    $"{attack.PoisonRate} of {images:N0} training images is no image: give at least {Least(images)}, which poisons one, or 0 to train a benign model."
                )
            );
    }

    // Rounded down to four decimals where that leaves something.
    private static decimal Most(int images, int candidates)
    {
        var most = (decimal)candidates / images;
        var rounded = Math.Floor(most * 10_000) / 10_000;
        return rounded > 0 ? rounded : Math.Floor(most * 10_000_000_000) / 10_000_000_000;
    }

    // Rounded up to three digits, so that it really is enough.
    private static double Least(int images)
    {
        var least = 0.5 / images;
        var unit = Math.Pow(10, Math.Floor(Math.Log10(least)) - 2);
        return Math.Round(Math.Ceiling(least / unit - 1e-9) * unit, 12);
    }

    private static string Percent(double share) => FormattableString.Invariant($"{100 * share:0.##} %");
}

/// <summary>How much of a label is poison.</summary>
/// <param name="Label">As it is learnt: under all-to-one only the target has any.</param>
/// <param name="Images">Images with this label, poisoned ones among them.</param>
/// <param name="Poisoned">The poisoned ones.</param>
public sealed record PoisonedClass(int Label, int Images, int Poisoned);
