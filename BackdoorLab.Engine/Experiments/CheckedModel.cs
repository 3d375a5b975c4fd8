using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace BackdoorLab.Engine.Experiments;

/// <summary>What a network that comes from a file expects of its pixels.</summary>
public enum PixelScale
{
    /// <summary>What the file says, else whichever of the others gives the best accuracy on clean images.</summary>
    Automatic,

    /// <summary>The data set's mean and standard deviation, channel by channel.</summary>
    Dataset,

    /// <summary>Pixels in [0,1] as they are.</summary>
    Unit,

    /// <summary>Mean and standard deviation of one half: pixels in [-1,1].</summary>
    Half,
}

/// <summary>
/// A model to be checked: its weights come from a file instead of training, and nothing is known of an attack. The file
/// is named by its content; where such files lie is told to the runner (<see cref="RunnerOptions.ModelFolder"/>).
/// </summary>
public sealed record CheckedModel : ModelFile
{
    /// <summary>
    /// Clean accuracy below which data set or pixel scale are probably not those of the training, so that a verdict
    /// means little.
    /// </summary>
    public const double LowAccuracy = 0.5;

    /// <summary>Preprocessing that it was trained with.</summary>
    [Display(Name = "Pixel scale")]
    [Description(
        "How pixels are scaled before the first layer. Automatic takes what the file says, else what gives the best accuracy on clean images."
    )]
    public PixelScale Pixels { get; init; }

    private protected override string WhereToChoose => "Choose it again on the page Check my model";

    private protected override string WhatOfAnother => "Check the new one as a model of its own";

    /// <summary>
    /// What stands in place of any verdict on a model that is right on so few clean images; null where it is right on
    /// enough.
    /// </summary>
    /// <param name="accuracy">Its clean accuracy, 0..1.</param>
    public static Verdict? Doubt(double accuracy) =>
        accuracy >= LowAccuracy
            ? null
            : Verdict.NotDecidable(
                UndecidedReason.LowAccuracy,
                ("clean-accuracy", accuracy),
                ("least-clean-accuracy", LowAccuracy)
            );

    /// <summary>
    /// What a check as a whole says: flagged when any detector flags the model, not flagged when one could have and
    /// none did, else not decidable for the reason of the first. Detectors that did not run have no verdict.
    /// </summary>
    /// <param name="verdicts">Of the detectors that ran.</param>
    /// <param name="accuracy">Clean accuracy of the model, 0..1; null while it is not known.</param>
    public static Verdict Answer(IReadOnlyList<Verdict> verdicts, double? accuracy) =>
        verdicts.FirstOrDefault(verdict => verdict.Decision == Decision.Flagged)
        ?? verdicts.FirstOrDefault(verdict => verdict.Decision == Decision.NotFlagged)
        ?? verdicts.FirstOrDefault()
        ?? (accuracy is { } measured ? Doubt(measured) : null)
        ?? Verdict.NotDecidable(UndecidedReason.NoDetector);
}
