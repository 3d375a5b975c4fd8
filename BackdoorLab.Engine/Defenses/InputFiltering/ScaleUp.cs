using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// SCALE-UP: pixels multiplied by 3, 5, 7, 9 and 11, and clipped, destroy a picture, but a trigger goes on dictating
/// the class. The score is the share of the brighter copies with the label of the input itself (section 4 of the paper,
/// the scaled prediction consistency), from labels alone. Without clean images a score above one half is a trigger;
/// with some, the score is less its mean over the clean images of the predicted class, in standard deviations.
/// <para>
/// A picture of black and white hardly changes when it is multiplied: on handwritten digits nearly every input keeps
/// its label, triggered or not.
/// </para>
/// </summary>
[Method(
    "scale-up",
    "SCALE-UP",
    Order = 42,
    Summary = "Multiplies the pixels of an input by 3 to 11; a label that stays the same, however the picture is destroyed, betrays a trigger. Needs labels only.",
    Paper = "Guo et al., SCALE-UP: An Efficient Black-box Input-level Backdoor Detection via Analyzing Scaled Prediction Consistency, ICLR 2023",
    Deviations = "With clean images the mean and deviation are those of the predicted class, as in the paper (re-implementations take them over all); a class with fewer than two clean images takes those of all, and a deviation below 0.1, half a step of the score, counts as 0.1."
)]
public sealed record ScaleUp : InputFilter
{
    // Test inputs of each kind, clean and triggered, that the evaluation scores.
    private const int TypicalInputs = 400;
    private const int PapersCopies = 5;

    /// <inheritdoc/>
    public override Needs Needs => Normalized ? Needs.CleanHoldout : Needs.None;

    /// <summary>Whether clean images normalise the score.</summary>
    [Description(
        "Off: labels alone, no clean images. On: the score is compared with that of clean images of the predicted class (the paper's data-limited setting)."
    )]
    public bool Normalized { get; init; }

    /// <summary>Brighter copies.</summary>
    [Range(1, 20)]
    [Description("Copies of each input, whose pixels are multiplied by 3, 5, 7 and so on; the paper's 5.")]
    public int Copies { get; init; } = PapersCopies;

    /// <summary>Cut of the score.</summary>
    [Range(-10.0, 10.0)]
    [Description(
        "Inputs that score above this are rejected: a share of copies, or standard deviations where normalised."
    )]
    public double Threshold { get; init; } = 0.5;

    /// <summary>Clean images that normalise.</summary>
    [Range(2, 100_000)]
    [Description("Normalised: clean holdout images used at most.")]
    public int CleanImages { get; init; } = 1000;

    /// <inheritdoc/>
    public override DefenseWork Work(WorkSizes sizes)
    {
        var clean = Normalized ? Math.Min(CleanImages, sizes.HoldoutCount) : 0;
        return new DefenseWork((Copies + 1.0) * (clean + 2 * Math.Min(TypicalInputs, sizes.TestCount)), 0);
    }

    /// <inheritdoc/>
    public override IEnumerable<string> Warnings(int cleanHoldout)
    {
        if (!Normalized && Threshold is < 0 or >= 1)
        {
            yield return FormattableString.Invariant(
                $"Without normalisation the score is a share of copies: a threshold of {Threshold:0.##} rejects {(Threshold < 0 ? "everything" : "nothing")}."
            );
        }
    }

    /// <inheritdoc/>
    public override FittedFilter Fit(DefenseContext context)
    {
        context.Run.ThrowIfCancelled();
        if (!Normalized)
        {
            return new Fitted(this, context.Model, null, double.NaN);
        }

        var clean = HoldoutSample.Take(context.CleanHoldout, CleanImages, context.Run.Seeds.Child("clean"));
        var (labels, shares) = Consistency(context.Model, clean, context.Run);
        var usual = UsualConsistency.Of(labels, shares, context.Classes);
        var rejected = Enumerable.Range(0, shares.Length).Count(i => usual.Of(labels[i], shares[i]) > Threshold);
        return new Fitted(this, context.Model, usual, (double)rejected / shares.Length);
    }

    /// <summary>
    /// The label of each image by the deployed model, and the share of its brighter copies that have it too.
    /// </summary>
    internal (int[] Labels, double[] Shares) Consistency(DeployedClassifier model, ImageSet images, RunContext run)
    {
        Scalar[] factors = [.. Enumerable.Range(1, Copies).Select(copy => (Scalar)(2.0 * copy + 1))];
        using Scalar black = 0.0;
        using Scalar white = 1.0;
        try
        {
            var rows = Inference.Rows(Labels, images, run);
            var columns = Copies + 1;
            return (
                [.. Enumerable.Range(0, images.Count).Select(i => (int)rows[i * columns])],
                [
                    .. Enumerable
                        .Range(0, images.Count)
                        .Select(i => rows.AsSpan(i * columns + 1, Copies).Count(rows[i * columns]) / (double)Copies),
                ]
            );
        }
        finally
        {
            Array.ForEach(factors, factor => factor.Dispose());
        }

        // One column for the image, one for each copy.
        Tensor Labels(Tensor batch)
        {
            using var scope = NewDisposeScope();
            var labels = new List<Tensor> { Best(model.Logits(batch)) };
            foreach (var factor in factors)
            {
                run.ThrowIfCancelled();
                labels.Add(Best(model.Logits(batch.mul(factor).clamp_(black, white))));
            }

            return stack(labels, 1).to(ScalarType.Float32).MoveToOuterDisposeScope();
        }
    }

    // The first of equals, as everywhere.
    private static Tensor Best(Tensor logits)
    {
        var rows = Inference.Floats(logits);
        return tensor(Array.ConvertAll(Inference.ArgMax(rows, (int)logits.shape[0]), label => (long)label));
    }

    private sealed class Fitted(ScaleUp options, DeployedClassifier model, UsualConsistency? usual, double rejected)
        : FittedFilter
    {
        public override double Threshold => options.Threshold;

        public override double FalseRejectionRate => rejected;

        public override string ScoreName =>
            usual is null
                ? "share of brighter copies with the same label"
                : "the same share, normalised by clean images";

        public override string Note =>
            usual is null
                ? "The threshold is fixed and promises no rate of false rejections."
                : FormattableString.Invariant(
                    $"The threshold is fixed; of the clean images that normalise the score it rejects {rejected:P1}."
                );

        public override double[] Score(ImageSet images, RunContext run)
        {
            var (labels, shares) = options.Consistency(model, images, run);
            return usual is null ? shares : [.. shares.Select((share, i) => usual.Of(labels[i], share))];
        }
    }
}
