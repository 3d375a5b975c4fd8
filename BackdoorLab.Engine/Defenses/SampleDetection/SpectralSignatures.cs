using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Tensors;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// Spectral Signatures: within each given class, poison stands out along the direction of largest variance of the
/// centred features. The paper removes 1.5 epsilon samples from <em>every</em> class, epsilon being an upper bound on
/// the poisoned samples of that class. A defender is told a rate of the whole set; all of that poison may carry one
/// label, so epsilon is the rate times the size of the set, whatever the class's size. No more than half of a class is
/// removed (as the Backdoor Toolbox's <c>spectral_signature</c> has it): poison that is no minority is not what stands
/// out. The number removed is fixed, so as much is removed from benign data, and detection has a ceiling, which is
/// told.
/// </summary>
[Method(
    "spectral-signatures",
    "Spectral Signatures",
    Aliases = ["ss", "spectral"],
    Order = 30,
    Revision = 2,
    Summary = "Scores the samples of every given class by their squared projection on its features' main direction and removes the top of each.",
    Paper = "Tran, Li, Madry, Spectral Signatures in Backdoor Attacks, NeurIPS 2018",
    Deviations = "The paper assumes that the contaminated class is found by removing from all; the most suspicious class is named by a two-group separation that is ours."
)]
public sealed record SpectralSignatures : SampleDetector
{
    private const int SmallestClass = 4;

    /// <summary>How far a class falls into two groups.</summary>
    public static Metric Separation { get; } =
        new(
            "separation",
            "Separation",
            "Separation",
            MetricUnit.Number,
            null,
            "Of the class with the largest: variance between the two groups along the main direction, over all of it; "
                + "0.64 for one normal group."
        );

    /// <summary>How much is removed.</summary>
    public static Metric RemovedShare { get; } =
        new(
            "removed-share",
            "Removed share",
            "Removed",
            MetricUnit.Share,
            null,
            "Share of the training set that is removed, which follows from the assumed rate and not from the data."
        );

    /// <inheritdoc/>
    public override IReadOnlyList<Metric> Numbers => [Separation, RemovedShare];

    /// <inheritdoc/>
    public override string AssumesOfAttack => "a bound of the poison rate";

    /// <inheritdoc/>
    public override Needs Needs => Needs.TrainingSet | Needs.Features;

    /// <summary>Upper bound on the poisoned share of the set, which the defender is told.</summary>
    [Range(0.0001, 0.5)]
    [Description(
        "Share of the whole training set that the defender assumes poisoned at most. All of it may carry one label, so this many samples are the bound of every class (the paper's epsilon)."
    )]
    public double AssumedPoisonRate { get; init; } = 0.1;

    /// <summary>Bound of every class as a share of that class instead; 0 derives it from the rate of the set.</summary>
    [Range(0.0, 0.6)]
    [Description(
        "0: the bound follows from the assumed rate. Otherwise every class's bound is this share of the class, as re-implementations with a fixed percentile have it (0.1 is the 85th); poison above it cannot be found."
    )]
    public double ExpectedPoison { get; init; }

    /// <summary>Samples removed for each expected one.</summary>
    [Range(1.0, 3.0)]
    [Description("Samples removed per class, as a multiple of the bound (the paper: 1.5), at most half of the class.")]
    public double RemovalFactor { get; init; } = 1.5;

    /// <summary>The paper removes a fixed share and judges no model; our separation ranks them.</summary>
    public override string? ModelScore => Separation.Id;

    /// <inheritdoc/>
    public override DefenseWork Work(WorkSizes sizes) => new(sizes.TrainCount, 0);

    /// <inheritdoc/>
    public override SampleVerdict Score(DefenseContext context)
    {
        var set = context.TrainingSet;
        var (scores, flagged, groups) = (new double[set.Count], new bool[set.Count], new int[set.Count]);
        Array.Fill(groups, -1);
        var separations = new List<(GivenClass Given, double Separation, float[] Plane, int Columns)>();
        foreach (var given in GivenClass.Of(set, context.TrainingFeatures(), SmallestClass))
        {
            context.Run.Progress(given.Label, set.Classes, "classes");
            var width = given.Features.Length / given.Members.Length;
            var columns = Math.Min(2, width);
            var plane = PrincipalComponents.Fit(given.Features, width, columns).Project(given.Features);
            var along = new double[given.Members.Length];
            for (var i = 0; i < along.Length; i++)
            {
                along[i] = plane[i * columns];
                scores[given.Members[i]] = along[i] * along[i];
            }

            foreach (var outlier in Top(along, RemovedCount(along.Length, set.Count)))
            {
                flagged[given.Members[outlier]] = true;
            }

            Array.ForEach(given.Members, member => groups[member] = given.Label);
            separations.Add((given, TwoGroups.Separation(along), plane, columns));
        }

        var top = separations.MaxBy(entry => entry.Separation);
        return new SampleVerdict
        {
            Scores = scores,
            Flagged = flagged,
            ScoreName = "squared projection on the class's main direction",
            FixedWithin = groups,
            TopLabel = top.Given.Label,
            Projection = top.Given.Plane(top.Plane, top.Columns, set.Count),
            Numbers =
            [
                new(Separation, top.Separation),
                new(RemovedShare, (double)flagged.Count(removed => removed) / set.Count),
            ],
            Figures =
            [
                new BarFigure(
                    "Separation along the main direction",
                    "class",
                    "variance between two groups / all",
                    [.. separations.Select(entry => set.ClassNames[entry.Given.Label])],
                    [new BarSeries("separation", [.. separations.Select(entry => (double?)entry.Separation)])],
                    TwoGroups.OfNormal
                )
                {
                    Note = "One normal group gives 0.64 (the line), two groups apart give nearly 1.",
                },
            ],
            Note = FormattableString.Invariant(
                $"{Rule()} Removes {(double)flagged.Count(removed => removed) / set.Count:P0} of the set by construction, poisoned or not."
            ),
        };
    }

    /// <summary>
    /// Samples removed from a class of <paramref name="count"/> in a set of <paramref name="total"/>.
    /// </summary>
    internal int RemovedCount(int count, int total)
    {
        var bound = ExpectedPoison > 0 ? ExpectedPoison * count : AssumedPoisonRate * total;
        return (int)Math.Min(count / 2, Math.Round(RemovalFactor * bound));
    }

    private string Rule() =>
        ExpectedPoison > 0
            ? FormattableString.Invariant($"Assumes at most {100 * ExpectedPoison:0.##} % of each class poisoned.")
            : FormattableString.Invariant(
                $"Assumes at most {100 * AssumedPoisonRate:0.##} % of the set poisoned, all of it perhaps in one class."
            );

    /// <summary>Positions of the largest squared values.</summary>
    internal static int[] Top(double[] along, int count) =>
        [.. Enumerable.Range(0, along.Length).OrderByDescending(index => along[index] * along[index]).Take(count)];
}
