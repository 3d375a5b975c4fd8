using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// IBD-PSC: with scale and shift of its last batch normalisations amplified a network goes wrong on clean images, but
/// stays sure of a trigger's class. The number k of amplified normalisations is the first with which more than 60 % of
/// the clean images are classified wrongly (equation 3 and algorithm 1 of the paper); networks with k, k + 1, ... k + 4
/// of them score an input by the mean confidence in the label that the network as it is gives it (equation 4).
/// <para>
/// Departures. The released code amplifies one normalisation more in each network than equation 4 says; the equation is
/// followed. Where no number of them brings the clean error above the limit, where the released code ends without an
/// answer, k is as large as leaves the last network all normalisations. A network with fewer than k + 4 repeats the
/// one with all. The order is that in which normalisations run. Of normalisations without a trained scale (Airbench)
/// the scale is 1 and amplified like others. A defense cannot convert networks: the amplified ones run in float with
/// this precision's weights; the label itself is that of the deployed model.
/// </para>
/// </summary>
[Method(
    "ibd-psc",
    "IBD-PSC",
    Order = 44,
    Summary = "Amplifies the last batch normalisations until clean images are misclassified; inputs of whose label the amplified networks stay sure carry a trigger.",
    Paper = "Hou et al., IBD-PSC: Input-level Backdoor Detection via Parameter-oriented Scaling Consistency, ICML 2024",
    Deviations = "The amplified networks run in float with the weights of the precision, since a defense cannot convert them; the label is the deployed model's. The networks amplify k to k + n - 1 normalisations as in the paper; the released code has one more in each. "
        + "Where no k makes the clean error large enough the largest that leaves n networks is taken, and it is said. Normalisations count in the order they run."
)]
public sealed record IbdPsc : InputFilter
{
    // Test inputs of each kind, clean and triggered, that the evaluation scores.
    private const int TypicalInputs = 400;

    // Normalisations of a typical network, for estimates.
    private const int TypicalNorms = 10;

    /// <inheritdoc/>
    public override DefenseDomain Domain => DefenseDomain.Parameter;

    /// <inheritdoc/>
    public override Needs Needs => Needs.CleanHoldout | Needs.Weights;

    /// <summary>Its networks are made from weights, in which controls plant nothing.</summary>
    public override bool IsControlled => false;

    /// <summary>Factor of scale and shift.</summary>
    [Range(1.01, 10.0)]
    [Description("Scale and shift of the amplified normalisations are multiplied by this; the paper's 1.5.")]
    public double Factor { get; init; } = 1.5;

    /// <summary>Amplified networks.</summary>
    [Range(1, 50)]
    [Description("Networks, each with one amplified normalisation more than the one before; the paper's 5.")]
    public int Networks { get; init; } = 5;

    /// <summary>Clean error that ends the search.</summary>
    [Range(0.0, 0.999)]
    [Description("Normalisations are amplified until more than this share of the clean images is misclassified.")]
    public double ErrorLimit { get; init; } = 0.6;

    /// <summary>Cut of the confidence.</summary>
    [Range(0.0, 1.0)]
    [Description("Inputs whose mean confidence is above this are rejected; the paper's 0.9.")]
    public double Threshold { get; init; } = 0.9;

    /// <summary>Clean images of the search.</summary>
    [Range(1, 100_000)]
    [Description("Clean holdout images of the search, at most; the paper has 100.")]
    public int CleanImages { get; init; } = 500;

    /// <inheritdoc/>
    public override DefenseWork Work(WorkSizes sizes)
    {
        var clean = Math.Min(CleanImages, sizes.HoldoutCount);
        var inputs = clean + 2.0 * Math.Min(TypicalInputs, sizes.TestCount);
        return new DefenseWork(TypicalNorms * clean + (Networks + 1) * inputs, 0);
    }

    /// <inheritdoc/>
    public override IEnumerable<string> Warnings(int cleanHoldout)
    {
        if (Math.Min(CleanImages, cleanHoldout) is < 100 and var images)
        {
            yield return FormattableString.Invariant(
                $"{images} clean images say how many normalisations are amplified; the paper has 100."
            );
        }
    }

    /// <inheritdoc/>
    public override FittedFilter Fit(DefenseContext context)
    {
        context.Run.ThrowIfCancelled();
        if (context.Model.FloatModel.IsOpaque)
        {
            throw new NotApplicableException("The weights of this model cannot be read.");
        }

        var clean = HoldoutSample.Take(context.CleanHoldout, CleanImages, context.Run.Seeds.Child("clean"));
        using var norms = new ScaledNorms(context.CopyWeights(), Factor);
        if (norms.Count == 0)
        {
            throw new NotApplicableException("This network has no batch normalisation to amplify.");
        }

        var (first, error) = Search(
            norms.Count,
            last => 1 - Inference.Accuracy(norms.Amplified(last), clean, context.Run)
        );
        var scores = Confidence(context.Model, norms, first, clean, context.Run);
        return new Fitted(
            this,
            context,
            first,
            (double)scores.Count(score => score > Threshold) / scores.Length,
            Note(first, norms.Count, error)
        );
    }

    /// <summary>
    /// How many of <paramref name="count"/> normalisations the first network amplifies, and the clean error there; the
    /// error is null where none is large enough.
    /// </summary>
    internal (int First, double? Error) Search(int count, Func<int, double> errorWith)
    {
        for (var last = 1; last < count; last++)
        {
            var error = errorWith(last);
            if (error > ErrorLimit)
            {
                return (last, error);
            }
        }

        return (Math.Max(1, count - Networks + 1), null);
    }

    /// <summary>
    /// Mean confidence of the amplified networks in the label that the deployed model gives each image.
    /// </summary>
    private double[] Confidence(DeployedClassifier model, ScaledNorms norms, int first, ImageSet images, RunContext run)
    {
        var labels = Inference.Predict(model, images, run);
        var scores = new double[images.Count];
        for (var i = 0; i < Networks; i++)
        {
            var network = norms.Amplified(Math.Min(first + i, norms.Count));
            var rows = Inference.Rows(batch => nn.functional.softmax(network.call(batch), 1), images, run);
            var classes = images.Count == 0 ? 0 : rows.Length / images.Count;
            for (var image = 0; image < scores.Length; image++)
            {
                scores[image] += rows[image * classes + labels[image]] / (double)Networks;
            }
        }

        return scores;
    }

    private string Note(int first, int count, double? error) =>
        FormattableString.Invariant(
            $"{first} to {Math.Min(first + Networks - 1, count)} of {count} normalisations are amplified, in float with this precision's weights; "
        )
        + (
            error is { } wrong
                ? FormattableString.Invariant($"with {first} the clean error is {wrong:P0}.")
                : FormattableString.Invariant(
                    $"no number of them brings the clean error above {ErrorLimit:P0}, so clean images may be rejected."
                )
        );

    private sealed class Fitted(IbdPsc options, DefenseContext context, int first, double rejected, string note)
        : FittedFilter
    {
        public override double Threshold => options.Threshold;

        public override double FalseRejectionRate => rejected;

        public override string ScoreName => "mean confidence of the amplified networks";

        public override string Note =>
            note
            + FormattableString.Invariant(
                $" The threshold is fixed; of the clean images of the search it rejects {rejected:P1}."
            );

        public override double[] Score(ImageSet images, RunContext run)
        {
            using var norms = new ScaledNorms(context.CopyWeights(), options.Factor);
            return options.Confidence(context.Model, norms, first, images, run);
        }
    }
}
