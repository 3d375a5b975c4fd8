using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Statistics;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// The rule that the released harness calls Activation Clustering: no clustering and no training data, but the spread
/// of the feature norms of clean images within each class.
/// </summary>
[Method(
    "seed-activation-clustering",
    "Activation Clustering (released harness)",
    Order = 210,
    Summary = "Not the paper's method: the released Quantization Blindspots harness flags a model when the feature norms of clean images of some class vary by more than half of their mean. Nothing is clustered, and no poisoned image is seen.",
    Paper = "Rule of the code released with Pandey and Ye, Quantization Blindspots, arXiv 2512.06243, 2025; the method is Chen et al., Activation Clustering, SafeAI at AAAI 2019",
    Deviations = "From Activation Clustering: no clusters, no components, no training data. From the harness: the clean holdout in place of the clean test set."
)]
public sealed record ReleasedActivationClustering : ReleasedRule
{
    private const int MostImages = 1280;
    private const int SmallestClass = 10;
    private const double Cut = 0.5;

    /// <inheritdoc/>
    public override string? ReleasedVariantOf => "activation-clustering";

    /// <inheritdoc/>
    public override Needs Needs => Needs.CleanHoldout | Needs.Features;

    /// <inheritdoc/>
    public override DefenseWork Work(WorkSizes sizes) => new(Math.Min(MostImages, sizes.HoldoutCount), 0);

    /// <inheritdoc/>
    public override ModelVerdict Detect(DefenseContext context)
    {
        var images = HoldoutSample.First(context.CleanHoldout, MostImages);
        var classes = GivenClass.Of(images, context.Features(images), SmallestClass).ToList();
        return Verdict(
            [.. classes.Select(given => (given.Label, Variation(Norms(given.Features, given.Members.Length))))],
            images.ClassNames
        );
    }

    /// <summary>Standard deviation (over n) divided by the mean; 0 where all is zero.</summary>
    internal static double Variation(double[] values)
    {
        var summary = Summary.Of(values);
        var deviation = (summary.StandardDeviation ?? 0) * Math.Sqrt((values.Length - 1.0) / values.Length);
        return deviation == 0 ? 0 : deviation / summary.Mean;
    }

    /// <summary>Any class above one half.</summary>
    internal static ModelVerdict Verdict(
        IReadOnlyList<(int Label, double Variation)> classes,
        IReadOnlyList<string> names
    )
    {
        var ordered = classes.OrderByDescending(found => found.Variation).ToArray();
        int[] flagged = [.. ordered.Where(found => found.Variation > Cut).Select(found => found.Label)];
        return new ModelVerdict
        {
            Verdict = Results.Verdict.Of(
                flagged.Length > 0,
                ("detector-score", ordered[0].Variation),
                ("detector-threshold", Cut)
            ),
            Score = ordered[0].Variation,
            Threshold = Cut,
            SuspectedLabels = flagged,
            TopLabel = ordered[0].Label,
            Figures =
            [
                new BarFigure(
                    "Variation of the feature norms",
                    "class",
                    "standard deviation / mean",
                    [.. classes.Select(found => names[found.Label])],
                    [new BarSeries("variation", [.. classes.Select(found => (double?)found.Variation)])],
                    Cut
                ),
            ],
        };
    }

    private static double[] Norms(float[] features, int count)
    {
        var width = features.Length / count;
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(i =>
                {
                    var sum = 0.0;
                    foreach (var value in features.AsSpan(i * width, width))
                    {
                        sum += (double)value * value;
                    }

                    return Math.Sqrt(sum);
                }),
        ];
    }
}
