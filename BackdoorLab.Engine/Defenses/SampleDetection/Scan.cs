using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Tensors;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// SCAn: features are a mean of the class, itself random, plus a variation that all classes share (the paper's
/// two-component decomposition). Both covariances are estimated on clean images, by turns of posterior means and
/// covariances (<see cref="FeatureVariation"/>). Each given class of the training set is then tested for being a
/// mixture of two groups with that variation (<see cref="SubgroupTest"/>, the paper's untangling and hypothesis test);
/// a class whose likelihood ratio stands out among all classes is contaminated. Of its two groups the one farther from
/// the mean of the class's clean images is taken for poison; without such images the smaller one.
/// <para>
/// Departures. The released code compares with a single mean that lacks a factor which its own estimation has. In the
/// directions in which class means vary it lies near the mean of all classes, which hides small poison there; in the
/// others it is as many times the class's own as there are samples, so that noise of means counts. The mean of the
/// class is the default, the released rule an option. The split starts by k-means++ and the best of several starts
/// counts, as the maximum of the likelihood asks for, where the released code starts once at random. The index counts
/// above the median only; the released one is two-sided. Features are reduced to principal components of the clean
/// images, and the covariance within classes gets a small ridge, since it needs more clean images than dimensions.
/// Rounds end by a relative change: the released absolute one depends on the scale of the features.
/// </para>
/// </summary>
[Method(
    "scan",
    "SCAn",
    Order = 32,
    Summary = "Models features as a class mean plus a variation that all classes share, learnt on clean images, and asks of every given class whether it is two groups rather than one.",
    Paper = "Tang et al., Demon in the Variant: Statistical Analysis of DNNs for Robust Backdoor Contamination Detection, USENIX Security 2021",
    Deviations = "The mean of a class that is one group is the class's own by default; the released code's (an option) lacks a factor, so it lies near the mean of all classes where class means vary, hides small poison there, and is far from everything in other directions. "
        + "The split is the best of several starts by k-means++, not one random start; the index counts on the high side only; features are reduced to principal components of the clean images, with a ridge on the covariance within classes; rounds end by a relative change. "
        + "Poison is the sub-group farther from the clean images' mean of the class. The score per sample is ours."
)]
public sealed record Scan : SampleDetector
{
    private const int SmallestClass = 10;
    private const int MostRounds = 100;
    private const double Ridge = 1e-4;
    private const double Tolerance = 1e-5;

    /// <summary>How far the most suspicious class stands out.</summary>
    public static Metric Index { get; } =
        new(
            "scan-index",
            "SCAn index",
            "Index (SCAn)",
            MetricUnit.Number,
            null,
            "Distance of the largest likelihood ratio above the median over the classes, in units of 1.4826 times the "
                + "median absolute deviation."
        );

    /// <summary>The statistic itself.</summary>
    public static Metric LikelihoodRatio { get; } =
        new(
            "likelihood-ratio",
            "Likelihood ratio",
            "J",
            MetricUnit.Number,
            null,
            "Of the most suspicious class: mean over its samples of how much smaller the squared distance to their "
                + "sub-group's mean is than that to the class's, measured by the variation within classes."
        );

    /// <summary>Size of what is taken for poison.</summary>
    public static Metric SuspiciousShare { get; } =
        new(
            "suspicious-share",
            "Suspicious sub-group",
            "Suspicious",
            MetricUnit.Share,
            null,
            "Share of the most suspicious class that lies in the sub-group taken for poison."
        );

    /// <inheritdoc/>
    public override IReadOnlyList<Metric> Numbers =>
        [Index, LikelihoodRatio, SuspiciousShare, ActivationClustering.ContaminatedClasses];

    /// <inheritdoc/>
    public override Needs Needs => Needs.CleanHoldout | Needs.TrainingSet | Needs.Features;

    /// <summary>Components kept.</summary>
    [Range(1, 512)]
    [Description(
        "Principal components of the clean images' features that are kept at most; the covariance within classes needs more clean images than that."
    )]
    public int Dimensions { get; init; } = 64;

    /// <summary>What a class that is one group is compared with.</summary>
    [Description(
        "Mean of a class without a split. Class mean: the likelihood ratio. Posterior: as in the estimation. Released: the released code's, which lacks a factor."
    )]
    public SingleMean SingleMean { get; init; }

    /// <summary>Cut of the index.</summary>
    [Range(0.1, 1000.0)]
    [Description("A class whose index is above this is contaminated. The paper's is e squared, 7.39.")]
    public double Cut { get; init; } = ClassOutliers.Cut;

    /// <summary>Starts of the split.</summary>
    [Range(1, 100)]
    [Description("Starts of the split of a class; the one that explains most counts.")]
    public int Restarts { get; init; } = 10;

    /// <inheritdoc/>
    public override string? ModelScore => Index.Id;

    /// <inheritdoc/>
    public override bool JudgesModels => true;

    /// <inheritdoc/>
    public override DefenseWork Work(WorkSizes sizes) => new(sizes.TrainCount + sizes.HoldoutCount, 0);

    /// <inheritdoc/>
    public override IEnumerable<string> Warnings(int cleanHoldout)
    {
        if (SingleMean == SingleMean.Released)
        {
            yield return "The released rule compares with a mean that is not that of the class: it can miss small poison and flag clean classes.";
        }

        if (cleanHoldout < 2 * Dimensions)
        {
            yield return FormattableString.Invariant(
                $"The covariance within classes has up to {Dimensions} dimensions and is estimated from {cleanHoldout} clean images; with fewer than twice as many it is unreliable."
            );
        }
    }

    /// <inheritdoc/>
    public override SampleVerdict Score(DefenseContext context)
    {
        var (set, holdout) = (context.TrainingSet, context.CleanHoldout);
        if (holdout.Count < 3)
        {
            throw new NotApplicableException("The clean holdout has fewer than three images.");
        }

        var features = context.TrainingFeatures();
        return Score(holdout, context.Features(holdout), set, features, context.Run);
    }

    /// <summary>The method on features that are there already.</summary>
    internal SampleVerdict Score(ImageSet holdout, float[] clean, ImageSet set, float[] features, RunContext run)
    {
        var width = clean.Length / holdout.Count;
        var columns = Math.Clamp(holdout.Count - holdout.Labels.Distinct().Count() - 1, 1, Math.Min(Dimensions, width));
        var components = PrincipalComponents.Fit(clean, width, columns);
        var centred = Array.ConvertAll(components.Project(clean), value => (double)value);
        var variation = FeatureVariation.Fit(centred, columns, holdout.Labels, Ridge, Tolerance, MostRounds);
        var means = CleanMeans(variation.Whitened(centred), columns, holdout);
        var tested = new List<ScannedClass>();
        foreach (var given in GivenClass.Of(set, features, SmallestClass))
        {
            run.Progress(given.Label, set.Classes, "classes");
            var projected = Array.ConvertAll(components.Project(given.Features), value => (double)value);
            var points = variation.Whitened(projected);
            var random = run.Seeds.Child(given.Label).Random();
            var test = SubgroupTest.Of(points, variation, SingleMean, Restarts, random);
            tested.Add(new(given, points, test, means[given.Label]));
        }

        return Judge(tested, set, FormattableString.Invariant($"{columns} dimensions, {variation.Rounds} rounds."));
    }

    private SampleVerdict Judge(List<ScannedClass> tested, ImageSet set, string note)
    {
        double[] statistics = [.. tested.Select(scanned => scanned.Statistic)];
        var indices = ClassOutliers.Above(statistics);
        var top = Enumerable.Range(0, tested.Count).MaxBy(i => statistics[i]);
        var verdict = ClassOutliers.Decide(
            statistics,
            indices,
            Cut,
            (Index.Id, indices[top]),
            (LikelihoodRatio.Id, statistics[top])
        );
        int[] flagged =
        [
            .. Enumerable
                .Range(0, verdict.Decision == Decision.Flagged ? tested.Count : 0)
                .Where(i => indices[i] > Cut)
                .OrderByDescending(i => statistics[i]),
        ];
        var (scores, removed) = (new double[set.Count], new bool[set.Count]);
        for (var i = 0; i < tested.Count; i++)
        {
            tested[i].Write(scores, removed, flagged.Contains(i));
        }

        var suspect = tested[top];
        return new SampleVerdict
        {
            Scores = scores,
            Flagged = removed,
            Verdict = verdict,
            ScoreName = "place towards the suspicious sub-group times the class's likelihood ratio",
            SuspectedLabels = [.. flagged.Select(i => tested[i].Given.Label)],
            TopLabel = suspect.Given.Label,
            Projection = suspect.Plane(set.Count),
            Numbers =
            [
                new(Index, indices[top]),
                new(LikelihoodRatio, suspect.Statistic),
                new(SuspiciousShare, suspect.SuspiciousShare),
                new(ActivationClustering.ContaminatedClasses, flagged.Length),
            ],
            Figures = [Bars(tested, indices, set.ClassNames)],
            Note =
                note
                + (
                    suspect.HasClean
                        ? ""
                        : " The clean images have none of the most suspicious class: its smaller sub-group is taken for poison."
                ),
        };
    }

    // Null where the holdout has no image of the class.
    private static double[]?[] CleanMeans(double[] whitened, int columns, ImageSet holdout)
    {
        var means = new double[]?[holdout.Classes];
        foreach (var group in Enumerable.Range(0, holdout.Count).GroupBy(i => holdout.Labels[i]))
        {
            var mean = new double[columns];
            foreach (var i in group)
            {
                for (var d = 0; d < columns; d++)
                {
                    mean[d] += whitened[i * columns + d] / group.Count();
                }
            }

            means[group.Key] = mean;
        }

        return means;
    }

    private BarFigure Bars(List<ScannedClass> tested, double[] indices, IReadOnlyList<string> names) =>
        new(
            "Index of the likelihood ratio",
            "class",
            "MAD index above the median",
            [.. tested.Select(scanned => names[scanned.Given.Label])],
            [
                new BarSeries("index", [.. indices.Select(index => (double?)index)]),
                new BarSeries("likelihood ratio", [.. tested.Select(scanned => (double?)scanned.Statistic)]),
            ],
            Cut
        )
        {
            Note = "A class whose index is above the line is called contaminated.",
        };
}
