using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Diagnostics;
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

    /// <summary>
    /// MAD index of the norms' logarithms: not the paper's, but not blinded by a wide spread of honest norms.
    /// </summary>
    LogNorm,
}

/// <summary>How much of the schedule each class gets.</summary>
public enum InversionSchedule
{
    /// <summary>All of it: the paper's.</summary>
    Full,

    /// <summary>
    /// A base budget for all on small batches, the rest for the classes with the smallest masks: faster, and another
    /// verdict in some cases.
    /// </summary>
    ByPromise,
}

/// <summary>
/// Neural Cleanse: for every class the smallest mask and pattern that send clean images to it; a class whose mask is
/// abnormally small is the target of a backdoor. Both statistics are reported whatever the rule, and so is the ceiling
/// that tells an index under 2 from a rule that could not have fired.
/// </summary>
[Method(
    "neural-cleanse",
    "Neural Cleanse",
    Aliases = ["nc"],
    Order = 10,
    Revision = 3,
    Summary = "Reverses, for every class, the smallest trigger that sends clean images there; a class that needs far less than the others is a backdoor's target.",
    Paper = "Wang et al., Neural Cleanse: Identifying and Mitigating Backdoor Attacks in Neural Networks, IEEE S&P 2019",
    Deviations = "A shorter schedule than the reference code's 1,000 rounds of 31 batches of 32; every cell says which share. A trigger is kept by its success on the whole clean holdout, "
        + "where the reference takes the mean over a round's batches; it is tried there when its mask is a tenth smaller than the best so far, and once more at the end. The norm belongs to the mask that was tested, not to the one "
        + "after the update. The schedule by promise, an option, is after Shen et al., Backdoor Scanning for Deep Neural Networks through K-Arm Optimization, ICML 2021, "
        + "with one elimination instead of a random pull in each round; the norm of a class stopped early is projected to the whole schedule. A class whose trigger never reaches the success threshold is not flagged. The log-norm index is ours; it takes the spread of honest log norms as at least a quarter."
)]
public sealed record NeuralCleanse : ModelDetector
{
    // What controls plant wins on 99 % of the images at its limit, so the smallest trigger would not be kept at that
    // very rate.
    private const double PlantedSuccess = 0.95;

    /// <summary>What the search cost.</summary>
    public static Metric Updates { get; } =
        new("updates", "Updates", "All updates", MetricUnit.Number, null, "Optimiser updates of all classes together.");

    /// <inheritdoc/>
    public override IReadOnlyList<Metric> Numbers => [.. InversionNumbers.All, Updates];

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

    /// <summary>How the rounds are shared out.</summary>
    [Description(
        "Full: all rounds for every class, the paper's way. By promise: every class gets the base rounds on a quarter of the batch, then only the most promising go on; a third of the work, and not always the same verdict."
    )]
    public InversionSchedule Schedule { get; init; }

    /// <summary>Share of the rounds that every class gets by promise.</summary>
    [Range(0.1, 0.9)]
    [Description("By promise: share of the rounds that every class gets before the most promising go on.")]
    public double BaseShare { get; init; } = 0.4;

    /// <summary>Classes that go on by promise.</summary>
    [Range(3, 1000)]
    [Description("By promise: classes with the smallest masks that get all rounds.")]
    public int Finalists { get; init; } = 4;

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
    [Description(
        "Share of the images that a trigger must send to the class: of its batch while it is searched, of the whole clean holdout to be kept."
    )]
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
    [Description(
        "Precisions other than FP32: run the optimisation in BF16 where the processor has it. FP32 is never touched."
    )]
    public bool FastStraightThrough { get; init; } = true;

    /// <inheritdoc/>
    public override string ProcessorForm => SearchesInBFloat16 ? "bfloat16 search" : "";

    private bool SearchesInBFloat16 => FastStraightThrough && TorchRuntime.HasBFloat16Instructions;

    /// <inheritdoc/>
    public override DefenseWork Work(WorkSizes sizes)
    {
        var images = HoldoutImages == 0 ? sizes.HoldoutCount : Math.Min(HoldoutImages, sizes.HoldoutCount);
        return new DefenseWork(
            ((double)FinalistsOf(sizes.Classes) + sizes.Classes * InversionEffort.Tries(Rounds)) * images,
            ScheduleFor(sizes.Classes).Images(sizes.Classes, BatchSize) * UpdatesPerRound
        );
    }

    /// <inheritdoc/>
    public override IEnumerable<string> Warnings(int cleanHoldout) => Effort(Finalists).Warnings();

    private int BaseRounds => Math.Max(1, (int)Math.Round(BaseShare * Rounds));

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
        var bfloat16 = SearchesInBFloat16 && model.Gradients == GradientAccess.StraightThrough;
        return Search(context, images, bfloat16).Judge(DecisionRule, model, images, context.Run);
    }

    /// <inheritdoc/>
    public override ModelDetector Brief() =>
        this with
        {
            Rounds = Math.Min(Rounds, 60),
            UpdatesPerRound = 1,
            BatchSize = Math.Min(BatchSize, 16),
            SuccessThreshold = Math.Min(SuccessThreshold, PlantedSuccess),
            InitialCost = 0.01,
            Patience = 2,
            LearningRate = 0.3,
        };

    private int FinalistsOf(int classes) => Schedule == InversionSchedule.Full ? classes : Math.Min(Finalists, classes);

    private PromiseSchedule ScheduleFor(int classes) =>
        new(Rounds, Schedule == InversionSchedule.Full ? 0 : BaseRounds, FinalistsOf(classes));

    private InversionEffort Effort(int classes) =>
        new(Rounds * UpdatesPerRound, BatchSize, ScheduleFor(classes).ImagesOfAFinalist(BatchSize) * UpdatesPerRound);

    private ReversedTriggers Search(DefenseContext context, ImageSet images, bool bfloat16)
    {
        var clock = Stopwatch.StartNew();
        using var inversion = new TriggerInversion(context.Model.FloatModel, images, this, context.Run, bfloat16);
        ClassInversion[] searches =
        [
            .. Enumerable.Range(0, context.Classes).Select(label => new ClassInversion(inversion, label)),
        ];
        var finalists = ScheduleFor(searches.Length)
            .Run(
                searches,
                BatchSize,
                (done, total) => context.Run.Progress(done * UpdatesPerRound, total * UpdatesPerRound, "images")
            );
        var triggers = Array.ConvertAll(searches, search => search.Trigger);
        var stopped = finalists.Count(final => !final);
        context.Run.Log(
            FormattableString.Invariant(
                $"Neural Cleanse: {inversion.Tries} triggers tried on all {images.Count} clean images, {inversion.Trying.TotalSeconds:0.0} of {clock.Elapsed.TotalSeconds:0.0} s."
            )
        );
        return new(triggers, PromiseSchedule.AtEqualEffort(searches, finalists), finalists)
        {
            OnTwin = true,
            Effort = Effort(searches.Length),
            Spent = new(Updates, triggers.Sum(trigger => (double)trigger.Updates)),
            Notes =
                stopped == 0
                    ? []
                    :
                    [
                        $"{stopped} of {searches.Length} classes were stopped after {BaseRounds} of {Rounds} rounds; their norms are projected to the whole schedule, their pictures are as far as they came.",
                    ],
        };
    }
}
