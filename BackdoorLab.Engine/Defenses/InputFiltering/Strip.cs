using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Statistics;

namespace BackdoorLab.Engine.Defenses;

/// <summary>How STRIP lays a clean image over an input.</summary>
public enum Superposition
{
    /// <summary>
    /// Sum of the two images after normalisation: input + overlay - mean, not clamped. The trigger keeps its full
    /// strength.
    /// </summary>
    Sum,

    /// <summary>Mean of the two images; stays a valid image, and the trigger is halved.</summary>
    Average,
}

/// <summary>
/// STRIP: an input is superimposed with many clean images; if the predictions stay certain whatever lies over it,
/// something in it dictates the class. The score is the negative mean entropy of the predictions.
/// </summary>
[Method(
    "strip",
    "STRIP",
    Order = 40,
    Summary = "Superimposes an input with clean images; predictions that stay certain whatever is laid over it betray a trigger.",
    Paper = "Gao et al., STRIP: A Defence Against Trojan Attacks on Deep Neural Networks, ACSAC 2019",
    Deviations = "The threshold is an order statistic of the measured clean entropies, the k-th smallest of n with k = floor(rate (n + 1)), so that a further clean image is rejected no more often than promised; not the quantile of a normal distribution fitted to them, which can lie below zero and reject nothing. "
        + "Overlays and the images that set the threshold are disjoint parts of the clean holdout. Entropy is in nats."
)]
public sealed record Strip : InputFilter
{
    // Test inputs of each kind, clean and triggered, that the evaluation scores.
    private const int TypicalInputs = 400;
    private const int PapersOverlays = 100;

    /// <inheritdoc/>
    public override Needs Needs => Needs.CleanHoldout;

    /// <summary>Overlays per input.</summary>
    [Range(1, 1000)]
    [Description("Clean images laid over each input.")]
    public int Overlays { get; init; } = PapersOverlays;

    /// <summary>How images are combined.</summary>
    [Description("Sum: as the reference code, of normalised images. Average: the mean of both images.")]
    public Superposition Superposition { get; init; }

    /// <summary>Share of clean inputs that may be rejected.</summary>
    [Range(0.0, 0.5)]
    [Description(
        "Share of clean images that the threshold may reject. n threshold images can promise no less than 1 / (n + 1): 1 % needs 99 of them; with fewer the result says which share it is."
    )]
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
    public override IEnumerable<string> Warnings(int cleanHoldout) =>
        Overlays >= PapersOverlays
            ? []
            :
            [
                FormattableString.Invariant(
                    $"{Overlays} images are laid over each input, where the paper lays {PapersOverlays}: mean entropies are noisier, so fewer triggers are told apart."
                ),
            ];

    /// <inheritdoc/>
    public override FittedFilter Fit(DefenseContext context)
    {
        var (overlays, clean) = HoldoutSample.Split(context.CleanHoldout, 0.5, context.Run.Seeds.Child("split"));
        clean = HoldoutSample.Take(clean, ThresholdImages, context.Run.Seeds.Child("clean"));
        var probe = new OverlayProbe(context.Model, overlays, Overlays, Superposition);
        var entropies = probe.MeanEntropies(clean, context.Run.Child("threshold"));
        var cut = Quantiles.Below(entropies, FalseRejectionRate);
        return new Fitted(
            probe,
            cut,
            cut.Level <= FalseRejectionRate
                ? ""
                : FormattableString.Invariant(
                    $"{entropies.Length} clean images cannot promise a false rejection rate of {100 * FalseRejectionRate:0.##} %: the threshold is at the most suspicious of them, which rejects {100 * cut.Level:0.#} % of clean inputs on average. "
                )
                    + (
                        FalseRejectionRate > 0
                            ? FormattableString.Invariant(
                                $"{Math.Ceiling(1 / FalseRejectionRate - 1 - 1e-9):0} images would do: half of the clean holdout, at most thresholdImages."
                            )
                            : ""
                    )
        );
    }

    private sealed class Fitted(OverlayProbe probe, Cut cut, string note) : FittedFilter
    {
        public override double Threshold => -cut.Value;

        public override double FalseRejectionRate => cut.Level;

        public override string Note => note;

        public override string ScoreName => "negative mean entropy (nats)";

        public override double[] Score(ImageSet images, RunContext run) =>
            Array.ConvertAll(probe.MeanEntropies(images, run), entropy => -entropy);
    }
}
