using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Tensors;

namespace BackdoorLab.Engine.Defenses;

/// <summary>How STRIP lays a clean image over an input.</summary>
public enum Superposition
{
    /// <summary>Sum of the two images after normalisation: input + overlay - mean, not clamped. The trigger keeps its full strength.</summary>
    Sum,

    /// <summary>Mean of the two images; stays a valid image, and the trigger is halved.</summary>
    Average,
}

/// <summary>
/// STRIP: an input is superimposed with many clean images; if the predictions stay certain whatever lies over it, something in it
/// dictates the class. The score is the negative mean entropy of the predictions.
/// </summary>
[Method("strip", "STRIP", Order = 40,
    Summary = "Superimposes an input with clean images; predictions that stay certain whatever is laid over it betray a trigger.",
    Paper = "Gao et al., STRIP: A Defence Against Trojan Attacks on Deep Neural Networks, ACSAC 2019",
    Deviations = "The threshold is the quantile of the measured clean entropies, not of a normal distribution fitted to them, which can lie below zero and reject nothing. "
        + "Overlays and the images that set the threshold are disjoint parts of the clean holdout. Entropy is in nats.")]
public sealed record Strip : InputFilter
{
    // Test inputs of each kind, clean and triggered, that the evaluation scores.
    private const int TypicalInputs = 400;

    /// <inheritdoc/>
    public override Needs Needs => Needs.CleanHoldout;

    /// <summary>Overlays per input.</summary>
    [Range(1, 1000)]
    [Description("Clean images laid over each input.")]
    public int Overlays { get; init; } = 100;

    /// <summary>How images are combined.</summary>
    [Description("Sum: as the reference code, of normalised images. Average: the mean of both images.")]
    public Superposition Superposition { get; init; }

    /// <summary>Share of clean inputs that may be rejected.</summary>
    [Range(0.0, 0.5)]
    [Description("Share of clean images that the threshold rejects.")]
    public double FalseRejectionRate { get; init; } = 0.01;

    /// <summary>Clean images that set the threshold.</summary>
    [Range(1, 100_000)]
    [Description("Clean holdout images that set the threshold, at most; the others, at least half, serve as overlays.")]
    public int ThresholdImages { get; init; } = 500;

    /// <inheritdoc/>
    public override DefenseWork Work(WorkSizes sizes)
    {
        var threshold = Math.Min(ThresholdImages, sizes.HoldoutCount / 2);
        return new DefenseWork((double)Overlays * (threshold + 2 * Math.Min(TypicalInputs, sizes.TestCount)), 0);
    }

    /// <inheritdoc/>
    public override FittedFilter Fit(DefenseContext context)
    {
        var (overlays, clean) = HoldoutSample.Split(context.CleanHoldout, 0.5, context.Run.Seeds.Child("split"));
        clean = HoldoutSample.Take(clean, ThresholdImages, context.Run.Seeds.Child("clean"));
        var probe = new OverlayProbe(context.Model, overlays, Overlays, Superposition);
        var entropies = probe.MeanEntropies(clean, context.Run.Child("threshold"));
        return new Fitted(probe, -Quantiles.At(entropies, FalseRejectionRate), FalseRejectionRate);
    }

    private sealed class Fitted(OverlayProbe probe, double threshold, double falseRejectionRate) : FittedFilter
    {
        public override double Threshold => threshold;

        public override double FalseRejectionRate => falseRejectionRate;

        public override string ScoreName => "negative mean entropy (nats)";

        public override double[] Score(ImageSet images, RunContext run) =>
            Array.ConvertAll(probe.MeanEntropies(images, run), entropy => -entropy);
    }
}
