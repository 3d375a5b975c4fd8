using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Tensors;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// The rule that the released harness calls Spectral Signatures: the main direction of the features of clean images of
/// all classes together. Its outlier half compares a share that is always 5 % with 10 %; only the other half, the
/// variance explained, can fire.
/// </summary>
[Method(
    "seed-spectral-signatures",
    "Spectral Signatures (released harness)",
    Order = 230,
    Summary = "Not the paper's method: the released Quantization Blindspots harness flags a model when one direction explains more than half of the feature variance of clean images of all classes. No class is looked at alone, and no poisoned image is seen.",
    Paper = "Rule of the code released with Pandey and Ye, Quantization Blindspots, arXiv 2512.06243, 2025; the method is Tran, Li, Madry, Spectral Signatures, NeurIPS 2018",
    Deviations = "From Spectral Signatures: classes pooled, no training data. From the harness: the clean holdout in place of the clean test set."
)]
public sealed record ReleasedSpectralSignatures : ReleasedRule
{
    private const int MostImages = 1280;
    private const double Cut = 0.5;

    /// <inheritdoc/>
    public override string? ReleasedVariantOf => "spectral-signatures";

    /// <summary>The half of the rule that cannot fire.</summary>
    public static Metric OutlierShare { get; } =
        new(
            "outlier-share",
            "Outlier share",
            "Outliers",
            MetricUnit.Share,
            null,
            "Share of the clean images whose projection lies above the 95th percentile of all."
        );

    /// <inheritdoc/>
    public override IReadOnlyList<Metric> Numbers => [OutlierShare];

    /// <inheritdoc/>
    public override Needs Needs => Needs.CleanHoldout | Needs.Features;

    /// <inheritdoc/>
    public override DefenseWork Work(WorkSizes sizes) => new(Math.Min(MostImages, sizes.HoldoutCount), 0);

    /// <inheritdoc/>
    public override ModelVerdict Detect(DefenseContext context)
    {
        var images = HoldoutSample.First(context.CleanHoldout, MostImages);
        if (images.Count < 2)
        {
            throw new NotApplicableException("A direction needs at least two clean images.");
        }

        return Verdict(context.Features(images), context.Model.FloatModel.FeatureCount);
    }

    /// <summary>
    /// One direction explains more than half, or more than a tenth of the scores lie above their own 95th percentile.
    /// </summary>
    internal static ModelVerdict Verdict(float[] features, int dimensions)
    {
        var components = PrincipalComponents.Fit(features, dimensions, 1);
        var scores = Array.ConvertAll(components.Project(features), along => (double)along * along);
        var (explained, outliers) = (components.ExplainedVariance()[0], OwnTail.Above(scores));
        return new ModelVerdict
        {
            Verdict = Results.Verdict.Of(
                outliers > OwnTail.Cut || explained > Cut,
                ("detector-score", explained),
                ("detector-threshold", Cut)
            ),
            Score = explained,
            Threshold = Cut,
            Numbers = [new(OutlierShare, outliers)],
            Figures = [OwnTail.Sorted("Squared projections on the main direction", "squared projection", scores)],
            Note = OwnTail.Impossible(
                scores.Length,
                "scores",
                "above the 95th percentile",
                "only the variance explained can flag a model"
            ),
        };
    }
}
