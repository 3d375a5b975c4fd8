using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Statistics;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// Beatrix: the channels of an inner map work together in a way that is typical of a class, and a trigger disturbs it.
/// Per predicted class the entries of the Gram matrices of the map's powers 1 to 8 get bands, median and ten median
/// absolute deviations of clean images; an image's deviation is the sum of what lies outside
/// (<see cref="GramBands"/>). Images above the deviation that 95 % of clean ones stay below are flagged. A class is
/// infected where flagged and other images of it differ more than elsewhere: a kernel mean discrepancy of the maps'
/// means (<see cref="MeanDiscrepancy"/>), as a MAD index over the classes.
/// <para>
/// Departures. The images judged are those of the training set, by the class that the model predicts. Maps of more than
/// 64 channels are cut into random groups of at most as many, and only channels of one group are multiplied. The
/// discrepancy is of at most 500 flagged and 500 other images of a class. Arithmetic is double on maps divided by their
/// largest value: the released single precision overflows at high powers. A spread of zero over the classes decides
/// nothing, where the released code divides by a millionth. Published results vary much with the clean images drawn.
/// </para>
/// </summary>
[Method(
    "beatrix",
    "Beatrix",
    Order = 34,
    Summary = "Learns from clean images of every class how the channels of an inner map work together (Gram matrices of its powers) and flags images that break the pattern.",
    Paper = "Ma et al., The Beatrix Resurrections: Robust Backdoor Detection via Gram Matrices, NDSS 2023",
    Deviations = "Judges the training set by predicted class. Maps of more than 64 channels are cut into random groups, and only channels of one group are multiplied. The discrepancy is of at most 500 flagged and 500 other images of a class. "
        + "Double arithmetic on maps divided by their largest value. Where the statistics of most classes are equal nothing is decided. The score per sample is the logarithm of the deviation over its class's threshold."
)]
public sealed record Beatrix : SampleDetector
{
    private const int PapersImages = 30;
    private const int FewestImages = 10;
    private const int MostOfAGroup = 500;
    private const int BatchSize = 64;

    // So that a deviation of zero has a logarithm.
    private const double Tiny = 1e-6;

    /// <summary>How far the most suspicious class stands out.</summary>
    public static Metric Index { get; } =
        new(
            "beatrix-index",
            "Beatrix index",
            "Index (Beatrix)",
            MetricUnit.Number,
            null,
            "Largest distance of a class's discrepancy from the median over the classes, in either direction, in units of "
                + "1.4826 times the median absolute deviation."
        );

    /// <summary>The statistic itself.</summary>
    public static Metric Discrepancy { get; } =
        new(
            "mean-discrepancy",
            "Mean discrepancy",
            "MMD",
            MetricUnit.Number,
            null,
            "Of the most suspicious class: squared kernel mean discrepancy between its flagged and its other images, "
                + "times n m / (n + m)."
        );

    /// <inheritdoc/>
    public override IReadOnlyList<Metric> Numbers => [Index, Discrepancy, ActivationClustering.ContaminatedClasses];

    /// <inheritdoc/>
    public override Needs Needs => Needs.CleanHoldout | Needs.TrainingSet | Needs.Features;

    /// <summary>Controls plant nothing in inner maps.</summary>
    public override bool IsControlled => false;

    /// <summary>Which map.</summary>
    [Description(
        "Stage of the network whose map is used, by name; empty takes the input of the last stage, as the paper does."
    )]
    public string Stage { get; init; } = "";

    /// <summary>Clean images per class.</summary>
    [Range(FewestImages, 10_000)]
    [Description("Clean images of every predicted class that set its bands, at most; the released code's 30.")]
    public int ImagesPerClass { get; init; } = PapersImages;

    /// <summary>Powers of the map.</summary>
    [Range(1, 16)]
    [Description("Highest power of the map; Gram matrices of all powers up to it are compared.")]
    public int Orders { get; init; } = 8;

    /// <summary>Width of the bands.</summary>
    [Range(0.1, 1000.0)]
    [Description("Median absolute deviations on either side of the median that are usual.")]
    public double BandWidth { get; init; } = 10;

    /// <summary>Share of clean images below the threshold.</summary>
    [Range(0.5, 0.999)]
    [Description("Share of the clean images whose deviation is below the threshold of their class.")]
    public double Percentile { get; init; } = 0.95;

    /// <summary>Channels multiplied with each other.</summary>
    [Range(2, 1024)]
    [Description("Channels of a group at most; wider maps are cut into random groups.")]
    public int GroupSize { get; init; } = 64;

    /// <summary>Cut of the index.</summary>
    [Range(0.1, 1000.0)]
    [Description("A class whose index is above this is infected. The paper's is e squared, 7.39.")]
    public double Cut { get; init; } = ClassOutliers.Cut;

    /// <inheritdoc/>
    public override string? ModelScore => Index.Id;

    /// <inheritdoc/>
    public override bool JudgesModels => true;

    /// <inheritdoc/>
    public override DefenseWork Work(WorkSizes sizes) => new(2.0 * (sizes.TrainCount + sizes.HoldoutCount), 0);

    /// <inheritdoc/>
    public override IEnumerable<string> Warnings(int cleanHoldout)
    {
        if (ImagesPerClass < PapersImages)
        {
            yield return FormattableString.Invariant(
                $"{ImagesPerClass} clean images a class set the bands, where the released code has {PapersImages}: medians and thresholds of so few are chance."
            );
        }

        if ((int)(Percentile * ImagesPerClass) >= ImagesPerClass - 1)
        {
            yield return FormattableString.Invariant(
                $"Of {ImagesPerClass} clean images {100 * Percentile:0.#} % is the largest one: the threshold is a single image's."
            );
        }
    }

    /// <inheritdoc/>
    public override SampleVerdict Score(DefenseContext context)
    {
        var (set, holdout, run) = (context.TrainingSet, context.CleanHoldout, context.Run);
        run.ThrowIfCancelled();
        if (holdout.Count == 0)
        {
            throw new NotApplicableException("The clean holdout is empty.");
        }

        var map = StageMaps.Of(context.Insides, Stage, holdout);
        var groups = GramMatrices.Groups(map.Channels, GroupSize, run.Seeds.Child("channels").Random());
        var scoring = new BeatrixScoring(map, new GramMatrices(groups, Orders), this, run);
        var clean = Inference.Predict(context.Model, holdout, run);
        var predicted = Inference.Predict(context.Model, set, run);
        var (scores, flagged) = (new double[set.Count], new bool[set.Count]);
        var tested = new List<BeatrixClass>();
        for (var label = 0; label < context.Classes; label++)
        {
            run.Progress(label, context.Classes, "classes");
            var random = run.Seeds.Child(label).Random();
            var mine = Drawn(clean, label, ImagesPerClass, random);
            int[] members = [.. Enumerable.Range(0, set.Count).Where(i => predicted[i] == label)];
            if (mine.Length < FewestImages || members.Length < FewestImages)
            {
                continue;
            }

            tested.Add(scoring.Score(label, holdout.Select(mine), set, members, random, scores, flagged));
        }

        return tested.Count > 0
            ? Judge(tested, set, scores, flagged, Note(map, groups, tested, context.Classes))
            : throw new NotApplicableException(
                $"The model predicts no class for {FewestImages} clean images and {FewestImages} images of the training set."
            );
    }

    private SampleVerdict Judge(List<BeatrixClass> tested, ImageSet set, double[] scores, bool[] flagged, string note)
    {
        double[] statistics = [.. tested.Select(given => given.Discrepancy)];
        var indices = ClassOutliers.BothSides(statistics);
        var top = Array.IndexOf(indices, indices.Max());
        var verdict = ClassOutliers.Decide(
            statistics,
            indices,
            Cut,
            (Index.Id, indices[top]),
            (Discrepancy.Id, statistics[top])
        );
        int[] infected =
        [
            .. Enumerable
                .Range(0, verdict.Decision == Decision.Flagged ? tested.Count : 0)
                .Where(i => indices[i] > Cut)
                .OrderByDescending(i => indices[i]),
        ];
        var below = statistics[top] < RobustStatistics.Median(statistics);
        return new SampleVerdict
        {
            Scores = scores,
            Flagged = flagged,
            Verdict = verdict,
            ScoreName = "log10 of the deviation over the class's threshold",
            SuspectedLabels = [.. infected.Select(i => tested[i].Label)],
            TopLabel = tested[top].Label,
            Numbers =
            [
                new(Index, indices[top]),
                new(Discrepancy, statistics[top]),
                new(ActivationClustering.ContaminatedClasses, infected.Length),
            ],
            Figures = BeatrixFigures.Of(tested, indices, Cut, set.ClassNames),
            Note = below ? note + " The most conspicuous class differs less than the others, not more." : note,
        };
    }

    private static int[] Drawn(int[] predicted, int label, int most, Random random)
    {
        int[] mine = [.. Enumerable.Range(0, predicted.Length).Where(i => predicted[i] == label)];
        random.Shuffle(mine);
        return mine[..Math.Min(most, mine.Length)];
    }

    private static string Note(StageMaps map, int[][] groups, List<BeatrixClass> tested, int classes)
    {
        var (fewest, most) = (tested.Min(given => given.CleanImages), tested.Max(given => given.CleanImages));
        return FormattableString.Invariant(
                $"Stage {map.Name}, {map.Channels} channels{(groups.Length > 1 ? $" in {groups.Length} random groups" : "")}; bands of {fewest}{(fewest < most ? $" to {most}" : "")} clean images a class."
            )
            + (
                tested.Count < classes
                    ? $" {classes - tested.Count} classes have fewer than {FewestImages} clean or training images by prediction and are not judged."
                    : ""
            );
    }

    /// <summary>At most so many flagged and as many other images of a class.</summary>
    internal static int[] Thinned(int[] images, Random random) =>
        images.Length <= MostOfAGroup
            ? images
            : [.. Sampling.Choose(images.Length, MostOfAGroup, random).Select(i => images[i])];

    /// <summary>Positions cut into batches.</summary>
    internal static IEnumerable<int[]> Batched(int[] images) => images.Chunk(BatchSize);

    /// <summary>The score of a deviation.</summary>
    internal static double LogRatio(double deviation, double threshold) =>
        Math.Log10((deviation + Tiny) / (threshold + Tiny));
}
