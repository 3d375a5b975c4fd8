using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// The rule that the released harness calls STRIP: entropies of clean images under overlays, and the share of them
/// below their own 5th percentile. That share is 5 %, the rule asks for more than 10 %, so no model was ever flagged.
/// </summary>
[Method(
    "seed-strip",
    "STRIP (released harness)",
    Order = 220,
    Summary = "Not the paper's method: the released Quantization Blindspots harness compares the share of clean images below their own 5th percentile of entropy with 10 %. It cannot fire on any model.",
    Paper = "Rule of the code released with Pandey and Ye, Quantization Blindspots, arXiv 2512.06243, 2025; the method is Gao et al., STRIP, ACSAC 2019",
    Deviations = "From STRIP: sees no suspicious input, 5 overlays, a threshold out of the sample that it judges. From the harness: the clean holdout in place of the clean test set."
)]
public sealed record ReleasedStrip : ReleasedRule
{
    private const int MostImages = 640;
    private const int OverlayImages = 100;
    private const int Overlays = 5;

    /// <inheritdoc/>
    public override string? ReleasedVariantOf => "strip";

    /// <summary>Typical entropy.</summary>
    public static Metric MeanEntropy { get; } =
        new(
            "mean-entropy",
            "Mean entropy",
            "Mean entropy",
            MetricUnit.Number,
            null,
            "Mean entropy, in nats, of the clean images under overlays."
        );

    /// <inheritdoc/>
    public override IReadOnlyList<Metric> Numbers => [MeanEntropy];

    /// <inheritdoc/>
    public override Needs Needs => Needs.CleanHoldout;

    /// <inheritdoc/>
    public override DefenseWork Work(WorkSizes sizes) =>
        new((double)Overlays * Math.Min(MostImages, sizes.HoldoutCount), 0);

    /// <inheritdoc/>
    public override ModelVerdict Detect(DefenseContext context)
    {
        var images = HoldoutSample.First(context.CleanHoldout, MostImages);
        var probe = new OverlayProbe(
            context.Model,
            HoldoutSample.First(images, OverlayImages),
            Overlays,
            Superposition.Average
        );
        return Verdict(probe.MeanEntropies(images, context.Run));
    }

    /// <summary>More than a tenth of the entropies below their own 5th percentile.</summary>
    internal static ModelVerdict Verdict(double[] entropies)
    {
        var share = OwnTail.Below(entropies);
        return new ModelVerdict
        {
            Verdict = OwnTail.Verdict(share, entropies.Length),
            Score = share,
            Threshold = OwnTail.Cut,
            Numbers = [new(MeanEntropy, entropies.Average())],
            Figures = [OwnTail.Sorted("Mean entropies of clean images", "entropy (nats)", entropies)],
        };
    }
}
