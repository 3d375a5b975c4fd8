using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Tensors;

namespace BackdoorLab.Engine.Defenses;

/// <summary>How features are reduced before they are clustered.</summary>
public enum FeatureReduction
{
    /// <summary>
    /// Principal components at their own scale, as most re-implementations do; their clusters are judged by size.
    /// </summary>
    PrincipalComponents,

    /// <summary>
    /// The paper's: independent components, each of variance one; their clusters are judged by the silhouette.
    /// </summary>
    IndependentComponents,
}

/// <summary>How a class's two clusters are judged.</summary>
public enum ClusterRule
{
    /// <summary>The smaller cluster holds less than a given share of the class.</summary>
    RelativeSize,

    /// <summary>The two clusters are well separated.</summary>
    Silhouette,
}

/// <summary>
/// Activation Clustering: the penultimate features of each given class fall into two clusters; where they do so
/// unnaturally, the smaller one is poison. The paper gives a verdict per class, not a score per sample; ours is the
/// sample's place between the two centres (1 at the smaller cluster's) times the share of the larger cluster.
/// <para>
/// Reduction and rule go in pairs. Principal components keep their scale, so two clusters are the class's main groups,
/// and a small one is abnormal: the cut of 35 % is that of IBM's Adversarial Robustness Toolbox
/// (<c>analyze_by_relative_size</c>, on ten principal components). Independent components all have variance one, so a
/// few samples far out along any of them become a small cluster in clean classes too; there the paper's silhouette
/// decides, with its cut of 0.10 to 0.15 (Chen et al. 2018). The other two pairs run, with a warning.
/// </para>
/// </summary>
[Method(
    "activation-clustering",
    "Activation Clustering",
    Aliases = ["ac"],
    Order = 20,
    Summary = "Splits the features of every given class in two; an abnormally small or well separated second cluster is taken for poison.",
    Paper = "Chen et al., Detecting Backdoor Attacks on Deep Neural Networks by Activation Clustering, SafeAI at AAAI 2019",
    Deviations = "By default principal components with the cut of 35 % of a class, as in IBM's Adversarial Robustness Toolbox; the paper's independent components with its silhouette cut of 0.10 to 0.15 are an option. "
        + "The score per sample is ours. Exclusionary retraining, the paper's third rule, is not offered."
)]
public sealed record ActivationClustering : SampleDetector
{
    private const int SmallestClass = 10;
    private const int SilhouetteSamples = 1000;

    /// <summary>Cluster separation.</summary>
    public static Metric SilhouetteScore { get; } =
        new(
            "silhouette",
            "Silhouette score",
            "Silhouette",
            MetricUnit.Number,
            null,
            "Mean silhouette of the clusters of the most suspicious class."
        );

    /// <summary>Size of the smaller cluster.</summary>
    public static Metric SmallerClusterShare { get; } =
        new(
            "smaller-cluster-share",
            "Smaller cluster",
            "Small cluster",
            MetricUnit.Share,
            null,
            "Share of the most suspicious class that lies in its smaller cluster."
        );

    /// <summary>Classes that the rule flags.</summary>
    public static Metric ContaminatedClasses { get; } =
        new(
            "contaminated-classes",
            "Contaminated classes",
            "Contaminated",
            MetricUnit.Number,
            null,
            "Number of given classes that the rule calls contaminated."
        );

    /// <inheritdoc/>
    public override IReadOnlyList<Metric> Numbers => [SilhouetteScore, SmallerClusterShare, ContaminatedClasses];

    /// <inheritdoc/>
    public override Needs Needs => Needs.TrainingSet | Needs.Features;

    /// <summary>How features are reduced.</summary>
    [Description(
        "Principal components go with the size rule (most re-implementations), independent components with the silhouette rule (the paper)."
    )]
    public FeatureReduction Reduction { get; init; }

    /// <summary>Components kept.</summary>
    [Range(1, 64)]
    [Description("Components of each class's features that are clustered.")]
    public int Dimensions { get; init; } = 10;

    /// <summary>Which rule decides.</summary>
    [Description(
        "Relative size, for principal components: the smaller cluster is abnormally small. Silhouette, for independent components: the clusters are well separated."
    )]
    public ClusterRule Rule { get; init; }

    /// <summary>Size rule's cut.</summary>
    [Range(0.01, 0.5)]
    [Description(
        "Size rule: a smaller cluster below this share of its class is poison. 0.35 is the default of IBM's Adversarial Robustness Toolbox and belongs to principal components."
    )]
    public double SizeThreshold { get; init; } = 0.35;

    /// <summary>Silhouette rule's cut.</summary>
    [Range(0.0, 1.0)]
    [Description(
        "Silhouette rule: a class whose clusters score above this is contaminated. The paper's 0.10 to 0.15 belong to independent components; principal ones score higher throughout."
    )]
    public double SilhouetteThreshold { get; init; } = 0.1;

    /// <summary>k-means restarts.</summary>
    [Range(1, 100)]
    [Description("Restarts of k-means; the tightest clustering counts.")]
    public int Restarts { get; init; } = 10;

    /// <summary>
    /// The size rule's own number, the smaller cluster's share, ranks the other way, so the separation does.
    /// </summary>
    public override string? ModelScore => SilhouetteScore.Id;

    /// <inheritdoc/>
    public override bool JudgesModels => true;

    /// <inheritdoc/>
    public override DefenseWork Work(WorkSizes sizes) => new(sizes.TrainCount, 0);

    /// <inheritdoc/>
    public override IEnumerable<string> Warnings(int cleanHoldout) =>
        (Reduction, Rule) switch
        {
            (FeatureReduction.IndependentComponents, ClusterRule.RelativeSize) =>
            [
                "The size rule belongs to principal components. Independent components have equal variances, so clean classes fall into a large and a small cluster too: expect false alarms. "
                    + "Choose principal components, or the silhouette rule.",
            ],
            (FeatureReduction.PrincipalComponents, ClusterRule.Silhouette) =>
            [
                "The silhouette rule belongs to independent components. Principal components give higher silhouettes throughout, so a cut of 0.10 to 0.15 calls clean classes contaminated. "
                    + "Choose independent components, or the size rule.",
            ],
            _ => [],
        };

    /// <inheritdoc/>
    public override SampleVerdict Score(DefenseContext context)
    {
        var set = context.TrainingSet;
        var clusterings = new List<TwoClusters>();
        foreach (var given in GivenClass.Of(set, context.TrainingFeatures(), SmallestClass))
        {
            context.Run.Progress(given.Label, set.Classes, "classes");
            clusterings.Add(
                TwoClusters.Of(
                    given,
                    Reduction,
                    Dimensions,
                    Restarts,
                    SilhouetteSamples,
                    context.Run.Seeds.Child(given.Label).Random()
                )
            );
        }

        var (scores, flagged) = (new double[set.Count], new bool[set.Count]);
        foreach (var clusters in clusterings)
        {
            clusters.Write(scores, flagged, Contaminated(clusters));
        }

        var suspected = clusterings.Where(Contaminated).OrderByDescending(Suspicion).ToArray();

        // Where the size rule passes every class, the best separated one is still the most suspicious.
        var top = suspected.FirstOrDefault() ?? clusterings.MaxBy(clusters => clusters.Silhouette)!;
        return new SampleVerdict
        {
            Scores = scores,
            Flagged = flagged,
            Verdict = Verdict.Of(
                suspected.Length > 0,
                (SmallerClusterShare.Id, top.SmallerShare),
                (SilhouetteScore.Id, top.Silhouette),
                (ContaminatedClasses.Id, suspected.Length)
            ),
            ScoreName = "place towards the smaller cluster times the larger one's share",
            SuspectedLabels = [.. suspected.Select(clusters => clusters.Given.Label)],
            TopLabel = top.Given.Label,
            Projection = top.Given.Plane(top.Principal, top.Columns, set.Count),
            Numbers =
            [
                new(SmallerClusterShare, top.SmallerShare),
                new(SilhouetteScore, top.Silhouette),
                new(ContaminatedClasses, suspected.Length),
            ],
            Figures = [Bars(clusterings, set.ClassNames)],
            Note = Note(clusterings, set.ClassNames),
        };
    }

    private bool Contaminated(TwoClusters clusters) =>
        Rule == ClusterRule.RelativeSize
            ? clusters.SmallerShare > 0 && clusters.SmallerShare < SizeThreshold
            : clusters.Silhouette > SilhouetteThreshold;

    private double Suspicion(TwoClusters clusters) =>
        Rule == ClusterRule.RelativeSize ? -clusters.SmallerShare : clusters.Silhouette;

    private BarFigure Bars(List<TwoClusters> clusterings, IReadOnlyList<string> names) =>
        new(
            "Two clusters per class",
            "class",
            "share or silhouette",
            [.. clusterings.Select(clusters => names[clusters.Given.Label])],
            [
                new BarSeries(
                    "share of the smaller cluster",
                    [.. clusterings.Select(clusters => (double?)clusters.SmallerShare)]
                ),
                new BarSeries("silhouette", [.. clusterings.Select(clusters => (double?)clusters.Silhouette)]),
            ],
            Rule == ClusterRule.RelativeSize ? SizeThreshold : SilhouetteThreshold
        )
        {
            Note =
                Rule == ClusterRule.RelativeSize
                    ? "A share below the line is called poison."
                    : "A silhouette above the line is called contaminated.",
        };

    // Half poisoned classes are the blind spot of the size rule, and the usual 10 % all-to-one attack makes one.
    private string Note(List<TwoClusters> clusterings, IReadOnlyList<string> names)
    {
        var missed = clusterings
            .Where(clusters => !Contaminated(clusters) && clusters.Silhouette > SilhouetteThreshold)
            .ToArray();
        return Rule == ClusterRule.Silhouette || missed.Length == 0
            ? ""
            : "The size rule passes classes that the silhouette rule would not: "
                + string.Join(
                    ", ",
                    missed
                        .OrderByDescending(clusters => clusters.Silhouette)
                        .Take(3)
                        .Select(clusters =>
                            FormattableString.Invariant(
                                $"{names[clusters.Given.Label]} (silhouette {clusters.Silhouette:0.00}, smaller cluster {clusters.SmallerShare:P0})"
                            )
                        )
                )
                + ".";
    }
}
