using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Tensors;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// Spectral Signatures: within each given class, poison stands out along the direction of largest variance of the centred features.
/// The paper removes 1.5 epsilon samples from <em>every</em> class, epsilon being an upper bound on the poisoned samples of a class; here it is a
/// share of the class, as the paper's experiments state it (5 and 10 %). A fixed share is removed from benign data too.
/// </summary>
[Method("spectral-signatures", "Spectral Signatures", Order = 30,
    Summary = "Scores the samples of every given class by their squared projection on its features' main direction and removes the top of each.",
    Paper = "Tran, Li, Madry, Spectral Signatures in Backdoor Attacks, NeurIPS 2018",
    Deviations = "The paper assumes that the contaminated class is found by removing from all; the most suspicious class is named by a two-group separation that is ours.")]
public sealed record SpectralSignatures : SampleDetector
{
    private const int SmallestClass = 4;

    /// <inheritdoc/>
    public override Needs Needs => Needs.TrainingSet | Needs.Features;

    /// <summary>Upper bound on the poisoned share of a class.</summary>
    [Range(0.001, 0.6)]
    [Description("Upper bound on the poisoned share of any one class as received (the paper's epsilon / n).")]
    public double ExpectedPoison { get; init; } = 0.1;

    /// <summary>Samples removed for each expected one.</summary>
    [Range(1.0, 3.0)]
    [Description("Samples removed per class, as a multiple of the expected poison.")]
    public double RemovalFactor { get; init; } = 1.5;

    /// <summary>The paper removes a fixed share and judges no model; our separation ranks them.</summary>
    public override string? ModelScore => "separation";

    /// <inheritdoc/>
    public override DefenseWork Work(WorkSizes sizes) => new(sizes.TrainCount, 0);

    /// <inheritdoc/>
    public override SampleVerdict Score(DefenseContext context)
    {
        var set = context.TrainingSet;
        var (scores, flagged) = (new double[set.Count], new bool[set.Count]);
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

            foreach (var outlier in Top(along, RemovedCount(along.Length)))
            {
                flagged[given.Members[outlier]] = true;
            }

            separations.Add((given, TwoGroups.Separation(along), plane, columns));
        }

        var top = separations.MaxBy(entry => entry.Separation);
        return new SampleVerdict
        {
            Scores = scores,
            Flagged = flagged,
            ScoreName = "squared projection on the class's main direction",
            TopLabel = top.Given.Label,
            Projection = top.Given.Plane(top.Plane, top.Columns, set.Count),
            Numbers = [new("separation", top.Separation), new("removed-share", (double)flagged.Count(removed => removed) / set.Count)],
            Figures =
            [
                new BarFigure(
                    "Separation along the main direction",
                    "class",
                    "variance between two groups / all",
                    [.. separations.Select(entry => set.ClassNames[entry.Given.Label])],
                    [new BarSeries("separation", [.. separations.Select(entry => (double?)entry.Separation)])],
                    TwoGroups.OfNormal)
                {
                    Note = "One normal group gives 0.64 (the line), two groups apart give nearly 1.",
                },
            ],
            Note = FormattableString.Invariant(
                $"Removes {Math.Min(1, RemovalFactor * ExpectedPoison):P0} of every class by construction, poisoned or not."),
        };
    }

    /// <summary>Samples removed from a class of <paramref name="count"/>.</summary>
    internal int RemovedCount(int count) => (int)Math.Min(count, Math.Round(RemovalFactor * ExpectedPoison * count));

    /// <summary>Positions of the largest squared values.</summary>
    internal static int[] Top(double[] along, int count) =>
        [.. Enumerable.Range(0, along.Length).OrderByDescending(index => along[index] * along[index]).Take(count)];
}
