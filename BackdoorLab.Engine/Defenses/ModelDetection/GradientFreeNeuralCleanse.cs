using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// Neural Cleanse where no gradient is to be had, or none that can be trusted: the same search for the smallest mask
/// and pattern of every class and the same outlier rule, on the deployed arithmetic itself, with the slope of the loss
/// estimated from queries. Every image of a batch is tried with the trigger shifted along a random sign vector of its
/// own and against it (simultaneous perturbation, Spall 1992; antithetic natural evolution strategies, Wierstra et al.
/// 2014, as Ilyas et al. 2018 use them for attacks); the slope of the mask's norm is known and costs no query. It needs
/// logits, not labels alone. It costs ten times the images of Neural Cleanse and more, forward only.
/// </summary>
[Method(
    "neural-cleanse-gradient-free",
    "Neural Cleanse, gradient-free",
    Order = 11,
    Revision = 2,
    Summary = "Neural Cleanse on the deployed arithmetic itself: slopes are estimated from counted queries, so it runs where a precision has no gradient or a misleading one.",
    Paper = "Wang et al., Neural Cleanse, IEEE S&P 2019; slopes after Spall, IEEE Transactions on Automatic Control 1992, Wierstra et al., Natural Evolution Strategies, JMLR 2014, "
        + "and Ilyas et al., Black-box Adversarial Attacks with Limited Queries and Information, ICML 2018",
    Deviations = "Slopes are estimated from pairs of queries, with another image for each pair, and Adam averages over more of them (betas 0.9 and 0.99). Mask and pattern are grids of cells, each cell one value. "
        + "Everything else is as in Neural Cleanse here: cost rule, success threshold on the whole holdout, outlier rule. A noisy estimate leaves larger masks than a gradient does."
)]
public sealed record GradientFreeNeuralCleanse : ModelDetector
{
    /// <summary>What the search cost.</summary>
    public static Metric Queries { get; } =
        new(
            "queries",
            "Queries",
            "Queries",
            MetricUnit.Number,
            null,
            "Images whose logits were asked for, of all classes together."
        );

    /// <inheritdoc/>
    public override IReadOnlyList<Metric> Numbers => [.. InversionNumbers.All, Queries];

    /// <inheritdoc/>
    public override Needs Needs => Needs.CleanHoldout;

    /// <inheritdoc/>
    /// <remarks>
    /// Not controlled: the planted patches change from pixel to pixel, and a slope in every pixel takes more queries
    /// than a control may cost; at a tenth of the schedule the planted label is not found. Every verdict says so.
    /// </remarks>
    public override bool IsControlled => false;

    /// <summary>Updates per class.</summary>
    [Range(1, 10_000)]
    [Description("Updates per class at most; after each the weight of the mask's norm may change.")]
    public int Rounds { get; init; } = 400;

    /// <summary>Pairs of queries per update.</summary>
    [Range(1, 4096)]
    [Description("Pairs of opposite perturbations per update; each pair is two queries and has its own image.")]
    public int Pairs { get; init; } = 128;

    /// <summary>Images that measure the success of a round.</summary>
    [Range(1, 1024)]
    [Description("Queries per update that measure the success rate of the trigger itself.")]
    public int BatchSize { get; init; } = 64;

    /// <summary>Cells of the mask a side.</summary>
    [Range(1, 256)]
    [Description(
        "Cells of the mask along a side, no more than pixels; a cell is masked as a whole. Fewer cells need fewer queries and give coarser masks."
    )]
    public int MaskCells { get; init; } = 16;

    /// <summary>Cells of the pattern a side.</summary>
    [Range(1, 256)]
    [Description("Cells of the pattern along a side, no more than pixels, in every channel.")]
    public int PatternCells { get; init; } = 32;

    /// <summary>Size of a perturbation.</summary>
    [Range(0.001, 2.0)]
    [Description(
        "How far every cell is moved to estimate the slope, in units of its unbounded parameter; large enough for integer logits to answer."
    )]
    public double Perturbation { get; init; } = 0.2;

    /// <summary>Clean images used.</summary>
    [Range(0, 1_000_000)]
    [Description("Clean holdout images used at most; 0 uses all.")]
    public int HoldoutImages { get; init; } = 1000;

    /// <summary>Success rate that the mask must keep.</summary>
    [Range(0.5, 1.0)]
    [Description(
        "Share of the images that a trigger must send to the class: of an update's queries while it is searched, of the whole clean holdout to be kept."
    )]
    public double SuccessThreshold { get; init; } = 0.99;

    /// <summary>First weight of the norm.</summary>
    [Range(1e-8, 10.0)]
    [Description("Weight of the mask's norm once the trigger has worked for the first time.")]
    public double InitialCost { get; init; } = 1e-3;

    /// <summary>Rounds before the weight changes.</summary>
    [Range(1, 100)]
    [Description("Updates in a row above (below) the threshold before the weight is raised (lowered).")]
    public int Patience { get; init; } = 5;

    /// <summary>Factor of a raise.</summary>
    [Range(1.01, 100.0)]
    [Description("The weight is multiplied by this, or divided by its power 1.5.")]
    public double CostMultiplier { get; init; } = 1.5;

    /// <summary>Rounds without a smaller mask before a class is finished.</summary>
    [Range(1, 1000)]
    [Description("Updates without a mask at least 1 % smaller before a class is finished early.")]
    public int StopPatience { get; init; } = 200;

    /// <summary>Adam's learning rate.</summary>
    [Range(1e-4, 10.0)]
    [Description("Learning rate of Adam (betas 0.9 and 0.99).")]
    public double LearningRate { get; init; } = 0.1;

    /// <summary>Which statistic decides.</summary>
    [Description("The statistic compared with 2. Both are always reported.")]
    public NormRule DecisionRule { get; init; }

    private int QueriesPerUpdate => BatchSize + 2 * Pairs;

    private InversionEffort Effort => new(Rounds, QueriesPerUpdate, (double)Rounds * QueriesPerUpdate);

    /// <inheritdoc/>
    public override DefenseWork Work(WorkSizes sizes)
    {
        var images = HoldoutImages == 0 ? sizes.HoldoutCount : Math.Min(HoldoutImages, sizes.HoldoutCount);
        return new DefenseWork(
            sizes.Classes * ((double)Rounds * QueriesPerUpdate + (1 + InversionEffort.Tries(Rounds)) * images),
            0
        );
    }

    /// <inheritdoc/>
    public override IEnumerable<string> Warnings(int cleanHoldout) => Effort.Warnings();

    /// <inheritdoc/>
    public override ModelVerdict Detect(DefenseContext context)
    {
        if (context.Classes < 3)
        {
            throw new NotApplicableException("The outlier rule compares classes and needs at least 3 of them.");
        }

        var images = HoldoutSample.Take(context.CleanHoldout, HoldoutImages, context.Run.Seeds.Child("holdout"));
        using var inversion = new QueriedInversion(context.Model, images, this, context.Run);
        QueriedClassInversion[] searches =
        [
            .. Enumerable.Range(0, context.Classes).Select(label => new QueriedClassInversion(inversion, label)),
        ];
        var schedule = new PromiseSchedule(Rounds, 0, searches.Length);
        var finalists = schedule.Run(
            searches,
            QueriesPerUpdate,
            (done, total) => context.Run.Progress(done, total, "queries")
        );
        var triggers = Array.ConvertAll(searches, search => search.Trigger);
        return new ReversedTriggers(triggers, Array.ConvertAll(triggers, trigger => trigger.Norm), finalists)
        {
            OnTwin = false,
            Effort = Effort,
            Spent = new(Queries, inversion.Queries),
            Notes =
            [
                FormattableString.Invariant(
                    $"No gradients: {inversion.Queries:0} queries of the deployed model's logits."
                ),
                "No planted controls: they would cost more queries than a control may.",
            ],
        }.Judge(DecisionRule, context.Model, images, context.Run);
    }

    /// <inheritdoc/>
    public override ModelDetector Brief() =>
        this with
        {
            Rounds = Math.Min(Rounds, 60),
            Pairs = Math.Min(Pairs, 64),
            BatchSize = Math.Min(BatchSize, 32),
            InitialCost = 0.01,
            Patience = 2,
            LearningRate = 0.3,
        };
}
