using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Statistics;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// MM-BD: a backdoor makes the target class win by far more than any other class can, whatever the trigger looks like.
/// For every class images are moved from uniform noise up the gradient of its margin, the class's logit less the best
/// other one (section 3 of the paper); the largest margin of all starts is the class's statistic. A gamma distribution
/// fitted by maximum likelihood to the statistics of all classes but the top one is the null, and the p-value of the
/// top one r among C classes is 1 - F(r)^C. No data is needed.
/// <para>
/// Departures. With nine values a gamma distribution of free location has often no maximum of the likelihood, and a
/// library then returns some degenerate fit; so the fit that begins at zero decides, and the free one, with the
/// additional condition that it is a maximum, is shown where there is one. Statistics that are not positive are outside
/// such a null and left out of it. Fewer than ten classes, or seven others in the null, are not decidable. Gradients
/// are those of the float model; the margins that count are measured once more by the deployed model. The early stop
/// looks every tenth step. The released optimiser is rebuilt at every step, so its momentum does nothing and there is
/// none here.
/// </para>
/// </summary>
[Method(
    "mm-bd",
    "MM-BD",
    Order = 14,
    Summary = "Moves noise images up the gradient until each class wins by as much as it can; a class whose largest margin is out of all proportion is a backdoor's target. Needs no data.",
    Paper = "Wang et al., MM-BD: Post-Training Detection of Backdoor Attacks with Arbitrary Backdoor Pattern Types Using a Maximum Margin Statistic, IEEE S&P 2024",
    Deviations = "The null is the gamma distribution that begins at zero; the one with a free location, which often has no maximum of the likelihood, is shown where it has one. Margins that are not positive are left out of the null. "
        + "Fewer than ten classes are not decidable. The margins that count are those of the deployed model, on images found on its float model. The repair by bounds on activations is not part of it."
)]
public sealed record MmBd : ModelDetector
{
    private const int FewestClasses = 10;

    // That can be made to win, besides the top one.
    private const int FewestOthers = 7;
    private const double PapersWay = 3;
    private const int FewestStarts = 10;

    // A p-value of zero up to rounding.
    private const double SmallestP = 1e-300;

    /// <summary>What decides.</summary>
    public static Metric PValue { get; } =
        Number(
            "margin-p-value",
            "p-value of the largest margin",
            "p",
            "Probability that the largest of as many margins as there are classes is above the one found, under the "
                + "gamma distribution from zero fitted to the others."
        );

    /// <summary>What the released fit would say.</summary>
    public static Metric FreePValue { get; } =
        Number(
            "margin-p-value-free",
            "p-value, free location",
            "p (free)",
            "The same under a gamma distribution whose location is fitted too; absent where its likelihood has no "
                + "maximum."
        );

    /// <summary>Statistic of the top class.</summary>
    public static Metric LargestMargin { get; } =
        Number(
            "largest-margin",
            "Largest margin",
            "Margin",
            "Largest amount, in logits of the deployed model, by which any class was made to win."
        );

    /// <summary>Statistic of a typical class.</summary>
    public static Metric MedianMargin { get; } =
        Number(
            "median-margin",
            "Median margin",
            "Median margin",
            "Median over the classes of the largest amount by which each was made to win."
        );

    /// <summary>The outlier rule that other methods use.</summary>
    public static Metric MarginIndex { get; } =
        Number(
            "margin-index",
            "Index of the largest margin",
            "Index (margin)",
            "Distance of the largest margin above the median, in units of 1.4826 times the median absolute deviation; "
                + "it decides nothing."
        );

    /// <inheritdoc/>
    public override IReadOnlyList<Metric> Numbers => [PValue, FreePValue, LargestMargin, MedianMargin, MarginIndex];

    /// <inheritdoc/>
    public override Needs Needs => Needs.InputGradients;

    /// <summary>The rule decides nothing with the few labels of a control.</summary>
    public override bool IsControlled => false;

    /// <summary>Noise images per class.</summary>
    [Range(1, 1000)]
    [Description("Images of noise from which every class is searched; the paper's 30.")]
    public int Starts { get; init; } = 30;

    /// <summary>Steps per class.</summary>
    [Range(1, 10_000)]
    [Description("Steps per class at most; the paper's 300.")]
    public int Steps { get; init; } = 300;

    /// <summary>Length of a step.</summary>
    [Range(1e-5, 10.0)]
    [Description("Step along the gradient of the margin; the paper's 0.01.")]
    public double LearningRate { get; init; } = 0.01;

    /// <summary>When a class is finished.</summary>
    [Range(0.0, 0.1)]
    [Description("A class is finished early when the sum of its margins changes by less than this share a step.")]
    public double Tolerance { get; init; } = 1e-5;

    /// <summary>Level of the test.</summary>
    [Range(1e-6, 0.5)]
    [Description("The model is flagged where the p-value is below this; the paper's 0.05.")]
    public double Alpha { get; init; } = 0.05;

    /// <inheritdoc/>
    public override DefenseWork Work(WorkSizes sizes) =>
        new(2.0 * sizes.Classes * Starts, (double)sizes.Classes * Starts * Steps);

    /// <inheritdoc/>
    public override IEnumerable<string> Warnings(int cleanHoldout)
    {
        if (Starts < FewestStarts)
        {
            yield return FormattableString.Invariant(
                $"{Starts} starts a class: the largest margin of so few depends on where they began (the paper has 30)."
            );
        }

        if (Steps * LearningRate < PapersWay)
        {
            yield return FormattableString.Invariant(
                $"{Steps} steps of {LearningRate:0.####} are a shorter way than the paper's 300 of 0.01: margins have not settled."
            );
        }
    }

    /// <inheritdoc/>
    public override ModelDetector Brief() =>
        this with
        {
            Starts = Math.Min(Starts, 10),
            Steps = Math.Min(Steps, 100),
            LearningRate = Math.Max(LearningRate, 0.05),
        };

    /// <inheritdoc/>
    public override ModelVerdict Detect(DefenseContext context)
    {
        if (context.Model.Gradients == GradientAccess.None)
        {
            throw new NotApplicableException("This precision gives no gradient with respect to the input.");
        }

        if (context.Classes < 3)
        {
            throw new NotApplicableException("The rule compares classes and needs at least 3 of them.");
        }

        using var search = new MarginSearch(context.Model, this, context.Run);
        var found = search.Run();
        context.Run.Log(
            FormattableString.Invariant(
                $"MM-BD: {search.Gradients} image gradients; {found.Count(margin => margin.Steps < Steps)} of {found.Length} classes settled early."
            )
        );
        return Judge(found);
    }

    /// <summary>The rule on margins that are found.</summary>
    internal ModelVerdict Judge(IReadOnlyList<ClassMargin> found)
    {
        double[] margins = [.. found.Select(margin => margin.Deployed)];
        var top = Array.IndexOf(margins, margins.Max());
        double[] others = [.. margins.Where((margin, label) => label != top && margin > 0)];
        var fit = others.Length == 0 ? null : ShiftedGamma.AtZero(others);
        var free = others.Length == 0 ? null : ShiftedGamma.Free(others);
        var p = fit?.LargestAbove(margins[top], margins.Length) ?? 1;
        var verdict = Decide(margins.Length, others, fit, p);
        return new ModelVerdict
        {
            Verdict = verdict,
            Score = Surprise(p),
            Threshold = Surprise(Alpha),
            SuspectedLabels = verdict.Decision == Decision.Flagged ? [top] : [],
            TopLabel = top,
            Numbers =
            [
                new(PValue, p),
                .. free is null
                    ? Array.Empty<DefenseNumber>()
                    : [new(FreePValue, free.LargestAbove(margins[top], margins.Length))],
                new(LargestMargin, margins[top]),
                new(MedianMargin, RobustStatistics.Median(margins)),
                new(MarginIndex, ClassOutliers.Above(margins)[top]),
            ],
            Figures = MarginFigures.Of(found, top, fit, Alpha),
            Note = Note(found, margins.Length - 1 - others.Length, free),
        };
    }

    private Verdict Decide(int classes, double[] others, ShiftedGamma? fit, double p)
    {
        if (classes < FewestClasses)
        {
            return Few(classes, FewestClasses);
        }

        if (others.Length < FewestOthers)
        {
            return Few(others.Length + 1, FewestOthers + 1);
        }

        return fit is null
            ? Verdict.NotDecidable(UndecidedReason.NoClassSpread, ("median-statistic", RobustStatistics.Median(others)))
            : Verdict.Of(p < Alpha, (PValue.Id, p), (Metric.DetectorThreshold.Id, Alpha));
    }

    private static Verdict Few(int classes, int least) =>
        Verdict.NotDecidable(UndecidedReason.FewClasses, ("classes", classes), ("least-classes", least));

    private static double Surprise(double p) => -Math.Log10(Math.Max(SmallestP, p));

    private string Note(IReadOnlyList<ClassMargin> found, int leftOut, ShiftedGamma? free)
    {
        double[] differentiated = [.. found.Select(margin => margin.Float)];
        var top = Array.IndexOf(differentiated, differentiated.Max());
        var fit = ShiftedGamma.AtZero([.. differentiated.Where((margin, label) => label != top && margin > 0)]);
        return "The score is minus the decimal logarithm of the p-value."
            + (free is null ? " With a free location the likelihood of the null has no maximum: undefined." : "")
            + (leftOut == 0 ? "" : $" {leftOut} classes that could not be made to win are left out of the null.")
            + FormattableString.Invariant(
                $" By the float model on which images were searched the largest margin is {differentiated[top]:0.0} (label {top}{(fit is null ? "" : FormattableString.Invariant($", p = {fit.LargestAbove(differentiated[top], found.Count):0.0000}"))})."
            );
    }

    private static Metric Number(string id, string name, string shortName, string definition) =>
        new(id, name, shortName, MetricUnit.Number, null, definition);
}
