using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Tensors;

namespace BackdoorLab.Engine.Defenses;

/// <summary>Which statistic decides.</summary>
public enum NormRule
{
    /// <summary>The paper's: MAD index of the raw norms.</summary>
    Paper,

    /// <summary>MAD index of the norms' logarithms: not the paper's, but not blinded by a wide spread of honest norms.</summary>
    LogNorm,
}

/// <summary>
/// Neural Cleanse: for every class the smallest mask and pattern that send clean images to it; a class whose mask is abnormally small
/// is the target of a backdoor. Both statistics are reported whatever the rule, and so is the ceiling that tells an index under 2 from
/// a rule that could not have fired.
/// </summary>
[Method("neural-cleanse", "Neural Cleanse", Order = 10,
    Summary = "Reverses, for every class, the smallest trigger that sends clean images there; a class that needs far less than the others is a backdoor's target.",
    Paper = "Wang et al., Neural Cleanse: Identifying and Mitigating Backdoor Attacks in Neural Networks, IEEE S&P 2019",
    Deviations = "A shorter schedule than the reference code's 1,000 rounds of about 31 batches of 32. The norm belongs to the mask that was tested, not to the one "
        + "after the update. A class whose trigger never reaches the success threshold is not flagged. The log-norm index is ours; it takes the spread of honest log norms as at least a quarter.")]
public sealed record NeuralCleanse : ModelDetector
{
    private const int MostPictures = 64;

    /// <inheritdoc/>
    public override Needs Needs => Needs.CleanHoldout | Needs.InputGradients;

    /// <summary>Rounds per class.</summary>
    [Range(1, 2000)]
    [Description("Rounds per class at most; after each the weight of the mask's norm may change.")]
    public int Rounds { get; init; } = 100;

    /// <summary>Optimiser updates per round.</summary>
    [Range(1, 1000)]
    [Description("Optimiser updates per round; the success rate of a round is the mean over them.")]
    public int UpdatesPerRound { get; init; } = 1;

    /// <summary>Images per update.</summary>
    [Range(1, 1024)]
    [Description("Images per update.")]
    public int BatchSize { get; init; } = 64;

    /// <summary>Clean images used.</summary>
    [Range(0, 1_000_000)]
    [Description("Clean holdout images used at most; 0 uses all.")]
    public int HoldoutImages { get; init; } = 1000;

    /// <summary>Success rate that the mask must keep.</summary>
    [Range(0.5, 1.0)]
    [Description("Share of images that the trigger must send to the class.")]
    public double SuccessThreshold { get; init; } = 0.99;

    /// <summary>First weight of the norm.</summary>
    [Range(1e-8, 10.0)]
    [Description("Weight of the mask's norm once the trigger has worked for the first time.")]
    public double InitialCost { get; init; } = 1e-3;

    /// <summary>Rounds before the weight changes.</summary>
    [Range(1, 100)]
    [Description("Rounds in a row above (below) the threshold before the weight is raised (lowered).")]
    public int Patience { get; init; } = 5;

    /// <summary>Factor of a raise.</summary>
    [Range(1.01, 100.0)]
    [Description("The weight is multiplied by this, or divided by its power 1.5.")]
    public double CostMultiplier { get; init; } = 2;

    /// <summary>Rounds without a smaller mask before a class is finished.</summary>
    [Range(1, 1000)]
    [Description("Rounds without a mask at least 1 % smaller before a class is finished early.")]
    public int StopPatience { get; init; } = 25;

    /// <summary>Adam's learning rate.</summary>
    [Range(1e-4, 10.0)]
    [Description("Learning rate of Adam (betas 0.5 and 0.9).")]
    public double LearningRate { get; init; } = 0.1;

    /// <summary>Which statistic decides.</summary>
    [Description("The statistic compared with 2. Both are always reported.")]
    public NormRule DecisionRule { get; init; }

    /// <summary>Use bfloat16 arithmetic in the loop for precisions whose gradient is straight-through.</summary>
    [Description("Precisions other than FP32: run the optimisation in BF16 where the processor has it. FP32 is never touched.")]
    public bool FastStraightThrough { get; init; } = true;

    /// <inheritdoc/>
    public override DefenseWork Work(WorkSizes sizes)
    {
        var images = HoldoutImages == 0 ? sizes.HoldoutCount : Math.Min(HoldoutImages, sizes.HoldoutCount);
        return new DefenseWork((double)sizes.Classes * images, (double)sizes.Classes * Rounds * UpdatesPerRound * BatchSize);
    }

    /// <inheritdoc/>
    public override ModelVerdict Detect(DefenseContext context)
    {
        var model = context.Model;
        if (model.Gradients == GradientAccess.None)
        {
            throw new NotApplicableException("This precision gives no gradient with respect to the input.");
        }

        if (context.Classes < 3)
        {
            throw new NotApplicableException("The outlier rule compares classes and needs at least 3 of them.");
        }

        var images = HoldoutSample.Take(context.CleanHoldout, HoldoutImages, context.Run.Seeds.Child("holdout"));
        var bfloat16 = FastStraightThrough && model.Gradients == GradientAccess.StraightThrough
            && Autocast.IsAvailable && TorchRuntime.HasBFloat16Instructions;
        var triggers = new ReversedTrigger[context.Classes];
        using (var inversion = new TriggerInversion(model.Twin, images, this, context.Run, bfloat16))
        {
            for (var label = 0; label < triggers.Length; label++)
            {
                triggers[label] = inversion.Invert(label);
            }
        }

        var deployed = new double?[triggers.Length];
        for (var label = 0; label < triggers.Length; label++)
        {
            deployed[label] = StampedSuccess.Measure(model, images, triggers[label], label, context.Run);
        }

        return Verdict(triggers, deployed, images);
    }

    /// <inheritdoc/>
    public override ModelDetector Brief() => this with
    {
        Rounds = Math.Min(Rounds, 24),
        UpdatesPerRound = 1,
        BatchSize = Math.Min(BatchSize, 16),
        InitialCost = 0.01,
        Patience = 2,
        LearningRate = 0.3,
    };

    private ModelVerdict Verdict(ReversedTrigger[] triggers, double?[] deployed, ImageSet images)
    {
        var norms = Array.ConvertAll(triggers, trigger => trigger.Norm);
        var reached = Array.ConvertAll(triggers, trigger => trigger.Reached);
        var outliers = NormOutliers.Of(norms, reached);
        var decisive = DecisionRule == NormRule.Paper ? outliers.Indices : outliers.LogIndices;
        var flagged = Enumerable.Range(0, norms.Length)
            .Where(label => decisive[label] > NormOutliers.Cut && reached[label])
            .OrderBy(label => norms[label])
            .ToArray();
        var top = outliers.Smallest;
        List<DefenseNumber> numbers =
        [
            new("anomaly-index", outliers.Indices[top]),
            new("index-ceiling", outliers.Ceiling),
            new("log-anomaly-index", outliers.LogIndices[top]),
            new("smallest-norm", norms[top]),
            new("median-norm", outliers.Median),
            new("norm-ratio", norms[top] / Math.Max(outliers.Median, 1e-6)),
            new("success-twin", triggers[top].Success),
            new("classes-without-trigger", reached.Count(found => !found)),
            new("updates", triggers.Sum(trigger => (double)trigger.Updates)),
        ];
        if (deployed[top] is { } success)
        {
            numbers.Add(new("success-deployed", success));
        }

        return new ModelVerdict
        {
            Flagged = flagged.Length > 0,
            Score = decisive[top],
            Threshold = NormOutliers.Cut,
            SuspectedLabels = flagged,
            TopLabel = top,
            Numbers = numbers,
            Figures = InversionFigures.Of(triggers, deployed, outliers, images, MostPictures),
            Note = Note(outliers, reached.Count(found => !found)),
        };
    }

    private string Note(NormOutliers outliers, int without)
    {
        List<string> notes = [];
        if (outliers.Undecidable)
        {
            notes.Add(FormattableString.Invariant(
                $"Not decidable by the paper's rule: with this spread of norms even a norm of zero would reach an index of {outliers.Ceiling:0.0} only."));
        }

        if (DecisionRule == NormRule.LogNorm)
        {
            notes.Add("Decided by the log-norm index, which is not the paper's.");
        }

        if (without > 0)
        {
            notes.Add($"{without} of {outliers.Indices.Length} classes found no trigger above the success threshold within the schedule; their norms are those of the last attempt.");
        }

        return string.Join(' ', notes);
    }
}
