using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Quantization;

/// <summary>How a weight between two integers is rounded.</summary>
public enum Rounding
{
    /// <summary>To the nearer one.</summary>
    Nearest,

    /// <summary>Learned layer by layer so that outputs on clean images change least.</summary>
    AdaRound,

    /// <summary>Learned likewise, and drawn away from the nearer integer where that is far: a defense.</summary>
    Efrap,
}

/// <summary>A precision that rounds weights to multiples of symmetric scales.</summary>
public abstract record RoundedPrecision : Precision
{
    /// <summary>How weights are rounded.</summary>
    [OmittedAtDefault]
    [Description(
        "To the nearest integer; learned on the clean holdout so that each layer's output changes least (AdaRound); or learned and drawn away from the nearest integer, which undoes backdoors that rounding wakes (EFRAP)."
    )]
    public Rounding Rounding { get; init; }

    /// <summary>Steps for each layer where rounding is learned.</summary>
    [OmittedAtDefault]
    [Range(1, 100_000)]
    [Description("Steps for each layer where rounding is learned; the papers take 10,000.")]
    public int RoundingSteps { get; init; } = 400;

    /// <summary>Images that rounding is learned from.</summary>
    [OmittedAtDefault]
    [Range(LearnedRounding.BatchSize, 10_000)]
    [Description("Images of the clean holdout that rounding is learned from.")]
    public int RoundingImages { get; init; } = 256;

    /// <inheritdoc/>
    public override double LearningImages(int trainCount, int holdoutCount) =>
        Rounding == Rounding.Nearest ? 0 : (double)RoundingSteps * LearnedRounding.BatchSize;

    /// <summary>
    /// A copy of the network whose weights are the learned multiples of <paramref name="scales"/>, which rounding to
    /// the nearest then leaves alone; null where nothing is learned. The caller owns it.
    /// </summary>
    /// <exception cref="NotApplicableException">There are fewer clean images than one step takes.</exception>
    private protected Classifier? Learn(
        Classifier trained,
        QuantizationImages images,
        Func<LayerStep, Tensor> scales,
        int levels,
        RunContext run
    )
    {
        if (Rounding == Rounding.Nearest)
        {
            return null;
        }

        if (images.CleanHoldout.Count < LearnedRounding.BatchSize)
        {
            throw new NotApplicableException(
                $"Learned rounding needs at least {LearnedRounding.BatchSize} clean images; there are {images.CleanHoldout.Count}."
            );
        }

        var clean = images.CleanHoldout.Draw(RoundingImages, run.Seeds.Child("rounding-images"));
        return new LearnedRounding(Rounding == Rounding.Efrap, RoundingSteps, scales, levels).Of(
            trained,
            clean,
            run.Child("rounding")
        );
    }

    /// <summary>Ends a realisation's sentence about weights; empty where they are rounded to the nearest.</summary>
    private protected string RoundingWords =>
        Rounding switch
        {
            Rounding.AdaRound => $", rounding learned: AdaRound, {RoundingSteps} steps a layer on clean images",
            Rounding.Efrap => $", rounding learned: EFRAP, {RoundingSteps} steps a layer on clean images",
            _ => "",
        };
}
