using System.Reflection;

namespace BackdoorLab.Results;

/// <summary>
/// What a number in the results means: tables, axes and exports read it. Those that results of any method share stand
/// here; a number of its own a method declares itself.
/// </summary>
/// <param name="Id">kebab-case id, the name of a <see cref="Measurement"/>.</param>
/// <param name="Name">Words for headings.</param>
/// <param name="ShortName">Short form for screens: "ASR".</param>
/// <param name="Unit">How to write the value.</param>
/// <param name="HigherIsBetter">For whoever defends; null where neither direction is good.</param>
/// <param name="Definition">One sentence that defines it.</param>
public sealed record Metric(
    string Id,
    string Name,
    string ShortName,
    MetricUnit Unit,
    bool? HigherIsBetter,
    string Definition
)
{
    /// <summary>Accuracy on clean test images.</summary>
    public static Metric CleanAccuracy { get; } =
        Better("clean-accuracy", "Clean accuracy", "CA", "Share of clean test images classified as their label.");

    /// <summary>What clean accuracy is without having learnt anything.</summary>
    public static Metric ChanceAccuracy { get; } =
        Neutral(
            "chance-accuracy",
            "Chance",
            "Chance",
            MetricUnit.Share,
            "Share of the most frequent class among the clean test images: the clean accuracy of a model that always says that class."
        );

    /// <summary>What was poisoned of the training set.</summary>
    public static Metric PoisonedShare { get; } =
        Neutral(
            "poisoned-share",
            "Poisoned share",
            "Poisoned",
            MetricUnit.Share,
            "Poisoned images of all training images, as achieved: images are whole, and those of the target class cannot be poisoned."
        );

    /// <summary>What was poisoned of the target class.</summary>
    public static Metric PoisonedClassShare { get; } =
        Neutral(
            "poisoned-class-share",
            "Poisoned share of the label",
            "Poisoned (label)",
            MetricUnit.Share,
            "Poisoned images of all training images with the label that has most of them: the target's under all-to-one."
        );

    /// <summary>Number of poisoned images.</summary>
    public static Metric PoisonedImages { get; } =
        Neutral(
            "poisoned-images",
            "Poisoned images",
            "Poison images",
            MetricUnit.Number,
            "Number of poisoned training images."
        );

    /// <summary>Accuracy before the repair.</summary>
    public static Metric CleanAccuracyBefore { get; } =
        Better(
            "clean-accuracy-before",
            "Clean accuracy before",
            "CA before",
            "Clean accuracy of the undefended model at the same precision."
        );

    /// <summary>Accuracy after the first phase of a repair.</summary>
    public static Metric CleanAccuracyPruned { get; } =
        Better(
            "clean-accuracy-pruned",
            "Clean accuracy, pruned only",
            "CA pruned",
            "Clean accuracy of the network that a repair has pruned and not yet fine-tuned, at the same precision."
        );

    /// <summary>The attack's success by the field's rule.</summary>
    public static Metric AttackSuccessRate { get; } =
        Worse(
            "attack-success-rate",
            "Attack success rate",
            "ASR",
            "Of the triggered test images whose true label is not already the intended one, the share classified "
                + "as the attacker intended."
        );

    /// <summary>How much of the attack's success needs the backdoor.</summary>
    public static Metric AttackSuccessGain { get; } =
        Worse(
            "attack-success-gain",
            "Attack success rate above the benign twin's",
            "ASR gain",
            "Attack success rate minus that of the benign twin in the same cell, by the same trigger: what needs the backdoor. A trigger that moves a clean model too gains less."
        );

    /// <summary>The attack's success before the repair.</summary>
    public static Metric AttackSuccessRateBefore { get; } =
        Worse(
            "attack-success-rate-before",
            "Attack success rate before",
            "ASR before",
            "Attack success rate of the undefended model at the same precision."
        );

    /// <summary>The attack's success after the first phase of a repair.</summary>
    public static Metric AttackSuccessRatePruned { get; } =
        Worse(
            "attack-success-rate-pruned",
            "Attack success rate, pruned only",
            "ASR pruned",
            "Attack success rate of the network that a repair has pruned and not yet fine-tuned, at the same precision: fine-tuning can wake a backdoor that pruning had silenced."
        );

    /// <summary>The attack's success over all images, which flatters the attack.</summary>
    public static Metric AttackSuccessRateAll { get; } =
        Worse(
            "attack-success-rate-all",
            "Attack success rate with target-class images",
            "ASR (all)",
            "Of all triggered test images, those of the target class included, the share classified as the "
                + "attacker intended."
        );

    /// <summary>Triggered images classified rightly.</summary>
    public static Metric RobustAccuracy { get; } =
        Better(
            "robust-accuracy",
            "Robust accuracy",
            "RA",
            "Of the same triggered images as in the attack success rate, the share classified as their true label."
        );

    /// <summary>Robust accuracy before the repair.</summary>
    public static Metric RobustAccuracyBefore { get; } =
        Better(
            "robust-accuracy-before",
            "Robust accuracy before",
            "RA before",
            "Robust accuracy of the undefended model at the same precision."
        );

    /// <summary>Defense effectiveness rating.</summary>
    public static Metric DefenseEffectiveness { get; } =
        Better(
            "defense-effectiveness",
            "Defense effectiveness rating",
            "DER",
            "(max(0, ASR drop) - max(0, accuracy drop) + 1) / 2: one half means no effect, 1 an attack removed "
                + "for free."
        );

    /// <summary>Robustness improvement rating.</summary>
    public static Metric RobustnessImprovement { get; } =
        Better(
            "robustness-improvement",
            "Robustness improvement rating",
            "RIR",
            "(max(0, robust accuracy gained) - max(0, accuracy drop) + 1) / 2."
        );

    /// <summary>Clean accuracy lost.</summary>
    public static Metric AccuracyDrop { get; } =
        Worse(
            "accuracy-drop",
            "Accuracy drop",
            "CA drop",
            "Clean accuracy before minus after the defense; negative when it gained."
        );

    /// <summary>Attack success removed.</summary>
    public static Metric AttackSuccessDrop { get; } =
        Better(
            "asr-drop",
            "Attack success drop",
            "ASR drop",
            "Attack success rate before minus after the defense; negative when it grew."
        );

    /// <summary>Backdoored models flagged.</summary>
    public static Metric DetectionRate { get; } =
        Better(
            "detection-rate",
            "Detection rate",
            "TPR",
            "Of the backdoored models on which the method's own rule can decide, the share that it flags."
        );

    /// <summary>Benign models flagged.</summary>
    public static Metric FalsePositiveRate { get; } =
        Worse(
            "false-positive-rate",
            "False-positive rate",
            "FPR",
            "Of the benign models on which the method's own rule can decide, the share that it flags."
        );

    /// <summary>Poisoned samples or triggered inputs flagged.</summary>
    public static Metric SampleDetectionRate { get; } =
        Better(
            "sample-detection-rate",
            "Detection rate of samples",
            "TPR (samples)",
            "Within a model: of the poisoned training samples (for an input filter, of the triggered inputs), the share that the method's own rule flags."
        );

    /// <summary>Clean samples or inputs flagged.</summary>
    public static Metric SampleFalsePositiveRate { get; } =
        Worse(
            "sample-false-positive-rate",
            "False-positive rate of samples",
            "FPR (samples)",
            "Within a model: of the clean training samples (for an input filter, of the clean inputs), the share that the method's own rule flags."
        );

    /// <summary>A verdict on a model of which nothing is known.</summary>
    public static Metric Flagged { get; } =
        Neutral(
            "flagged",
            "Flagged by the rule",
            "Verdict",
            MetricUnit.YesNo,
            "Whether the method's own rule calls a model from a file backdoored. Whether it is right is not known."
        );

    /// <summary>Triggered images flagged on a model without backdoor.</summary>
    public static Metric FalsePositiveRateTriggered { get; } =
        Worse(
            "false-positive-rate-triggered",
            "False-positive rate on triggered images",
            "FPR (triggered)",
            "On the benign model, the share of triggered images flagged: without a backdoor the trigger is only "
                + "a blemish."
        );

    /// <summary>Threshold-free separation of models.</summary>
    public static Metric Auroc { get; } =
        Better(
            "auroc",
            "Area under the ROC curve",
            "AUROC",
            "Chance that a backdoored model scores above a benign twin of the same precision, a tie counting one half."
        );

    /// <summary>Detection of samples at a common false-positive rate.</summary>
    public static Metric SampleDetectionRateAtOnePercent { get; } =
        Better(
            "sample-detection-rate-at-1-percent",
            "Detection rate of samples at 1 % false positives",
            "TPR@1% (samples)",
            "Within a model: highest detection rate of samples that a threshold reaches with at most 1 % false positives; chosen with the "
                + "ground truth."
        );

    /// <summary>What a rule that flags a fixed number could find at best.</summary>
    public static Metric DetectionCeiling { get; } =
        Neutral(
            "detection-ceiling",
            "Detection ceiling",
            "TPR ceiling",
            MetricUnit.Share,
            "Of a rule that removes a number fixed beforehand from every class: the highest detection rate that it could reach on this set, if its scores were perfect."
        );

    /// <summary>Detection over models at a common false-positive rate.</summary>
    public static Metric DetectionRateAtFivePercent { get; } =
        Better(
            "detection-rate-at-5-percent",
            "Detection rate at 5 % false positives",
            "TPR@5%",
            "Highest share of backdoored models that a threshold flags with at most 5 % of the benign twins of the same precision flagged."
        );

    /// <summary>Threshold-free separation of samples or inputs.</summary>
    public static Metric SampleAuroc { get; } =
        Better(
            "sample-auroc",
            "Area under the ROC curve of samples",
            "AUROC (samples)",
            "Within a model: chance that a poisoned training sample (for an input filter, a triggered input) scores above a clean one, a tie counting one half."
        );

    /// <summary>Accuracy of the benign twins.</summary>
    public static Metric BenignCleanAccuracy { get; } =
        Better(
            "benign-clean-accuracy",
            "Clean accuracy of the benign twins",
            "CA (twin)",
            "Clean accuracy of the models trained without poison."
        );

    /// <summary>What the trigger does to a model without backdoor.</summary>
    public static Metric BenignAttackSuccessRate { get; } =
        Worse(
            "benign-attack-success-rate",
            "Attack success rate on the benign twins",
            "ASR (twin)",
            "The share of triggered images that a model without backdoor happens to classify as the attacker intended: the base rate."
        );

    /// <summary>Precision of the classification, which is not the numeric precision.</summary>
    public static Metric PositivePredictiveValue { get; } =
        Better(
            "positive-predictive-value",
            "Positive predictive value",
            "PPV",
            "Within a model: of the samples flagged, the share that is poisoned."
        );

    /// <summary>Harmonic mean of detection rate of samples and positive predictive value.</summary>
    public static Metric F1 { get; } =
        Better(
            "f1",
            "F1 score",
            "F1",
            "Harmonic mean of the detection rate of samples and the positive predictive value."
        );

    /// <summary>How much was flagged.</summary>
    public static Metric FlaggedShare { get; } =
        Neutral(
            "flagged-share",
            "Flagged share",
            "Flagged",
            MetricUnit.Share,
            "Share of all training samples flagged."
        );

    /// <summary>Whether the most suspicious label is the target.</summary>
    public static Metric TargetLabelHit { get; } =
        new(
            "target-label-hit",
            "Target label hit",
            "Target hit",
            MetricUnit.YesNo,
            true,
            "Whether the label found most suspicious is the attack's target label."
        );

    /// <summary>Whether the target is among the flagged labels.</summary>
    public static Metric TargetLabelFlagged { get; } =
        new(
            "target-label-flagged",
            "Target label flagged",
            "Target flagged",
            MetricUnit.YesNo,
            true,
            "Whether the attack's target label is among the labels that the rule flags, however many these are."
        );

    /// <summary>Number of labels flagged.</summary>
    public static Metric SuspectedLabels { get; } =
        Neutral(
            "suspected-labels",
            "Suspected labels",
            "Labels",
            MetricUnit.Number,
            "Number of labels that the rule flags."
        );

    /// <summary>The decisive score of a model detector.</summary>
    public static Metric DetectorScore { get; } =
        Neutral(
            "detector-score",
            "Score",
            "Score",
            MetricUnit.Number,
            "The number that the rule compares with its threshold."
        );

    /// <summary>Whether gradients describe the deployed arithmetic.</summary>
    public static Metric GradientAgreement { get; } =
        Neutral(
            "gradient-agreement",
            "Gradient agreement",
            "Gradient",
            MetricUnit.Number,
            "Change of the loss along the gradient by the deployed arithmetic, over the change by the float model whose gradient it is: 1 is exact."
        );

    /// <summary>A planted backdoor, which must be found.</summary>
    public static Metric ControlPositive { get; } =
        Neutral(
            "control-positive",
            "Positive control",
            "Control +",
            MetricUnit.Number,
            "What the method gives on a backdoor planted in this very model: score of a model detector, AUROC of a sample detector, share of inputs that a filter rejects."
        );

    /// <summary>Nothing to find, which must stay so.</summary>
    public static Metric ControlNegative { get; } =
        Neutral(
            "control-negative",
            "Negative control",
            "Control -",
            MetricUnit.Number,
            "The same figure where nothing is to be found: a model without an outlier, samples chosen at random, clean inputs."
        );

    /// <summary>The cut of a detector.</summary>
    public static Metric DetectorThreshold { get; } =
        Neutral("detector-threshold", "Threshold", "Threshold", MetricUnit.Number, "The cut of the rule.");

    /// <summary>Attack success with an input filter in front.</summary>
    public static Metric FilteredAttackSuccessRate { get; } =
        Worse(
            "filtered-attack-success-rate",
            "Attack success rate behind the filter",
            "ASR filtered",
            "Of the triggered inputs scored, the share that the filter accepts and the model classifies as the "
                + "attacker intended."
        );

    /// <summary>Accuracy with an input filter in front.</summary>
    public static Metric FilteredCleanAccuracy { get; } =
        Better(
            "filtered-clean-accuracy",
            "Clean accuracy behind the filter",
            "CA filtered",
            "Of the clean inputs scored, the share that the filter accepts and the model classifies as their label."
        );

    /// <summary>Distance of logits from FP32.</summary>
    public static Metric LogitDivergence { get; } =
        new(
            "logit-divergence",
            "Logit divergence",
            "Divergence",
            MetricUnit.Number,
            false,
            "Euclidean distance of the logits from those of the FP32 model, divided by the Euclidean norm of the "
                + "latter."
        );

    /// <summary>Same decision as FP32.</summary>
    public static Metric ArgmaxAgreement { get; } =
        Better(
            "argmax-agreement",
            "Agreement with FP32",
            "Agreement",
            "Share of test images that get the same class as from the FP32 model."
        );

    /// <summary>Parameters at the reduced precision.</summary>
    public static Metric ParameterShare { get; } =
        Neutral(
            "parameter-share",
            "Parameters at reduced precision",
            "Parameters",
            MetricUnit.Share,
            "Share of the parameters held at the reduced precision."
        );

    /// <summary>Work at the reduced precision.</summary>
    public static Metric MultiplyAddShare { get; } =
        Neutral(
            "multiply-add-share",
            "Multiply-adds at reduced precision",
            "Multiply-adds",
            MetricUnit.Share,
            "Share of the multiply-adds executed at the reduced precision."
        );

    /// <summary>Wall time of a defense.</summary>
    public static Metric OverheadSeconds { get; } =
        Cost("overhead-seconds", "Overhead", "Overhead", MetricUnit.Seconds, "Wall time that the defense took.");

    /// <summary>Wall time relative to training.</summary>
    public static Metric OverheadRatio { get; } =
        Cost(
            "overhead-ratio",
            "Overhead / training time",
            "x training",
            MetricUnit.Number,
            "Wall time of the defense divided by that of training the model."
        );

    /// <summary>Wall time per input.</summary>
    public static Metric MillisecondsPerInput { get; } =
        Cost(
            "milliseconds-per-input",
            "Time per input",
            "ms/input",
            MetricUnit.Milliseconds,
            "Wall time that the filter takes for one input."
        );

    /// <summary>Peak memory of the process.</summary>
    public static Metric PeakMemory { get; } =
        Cost(
            "peak-memory",
            "Peak memory",
            "Memory",
            MetricUnit.Bytes,
            "Highest resident memory of the process up to the end of the stage."
        );

    /// <summary>Begins the id of a metric that is the mean of another over benign twins.</summary>
    public const string Twins = "benign-";

    /// <summary>All metrics that are no method's own, in the order of their declaration.</summary>
    public static IReadOnlyList<Metric> Shared { get; } =
    [
        .. typeof(Metric)
            .GetProperties(BindingFlags.Public | BindingFlags.Static)
            .Where(property => property.PropertyType == typeof(Metric))
            .Select(property => (Metric)property.GetValue(null)!),
    ];

    /// <summary>Between what values it can be; infinite where nothing bounds it.</summary>
    public (double Low, double High) Range =>
        Unit is not (MetricUnit.Share or MetricUnit.YesNo) ? (double.NegativeInfinity, double.PositiveInfinity)
        : Id == AccuracyDrop.Id || Id == AttackSuccessDrop.Id ? (-1, 1)
        : (0, 1);

    /// <summary>
    /// The same number of the models trained without poison, where it stands beside that of the backdoored ones.
    /// </summary>
    public Metric OfTwins() =>
        this with
        {
            Id = Twins + Id,
            Name = $"{Name}, benign twins",
            ShortName = $"{ShortName} (twin)",
            Definition = $"On the models trained without poison. {Definition}",
        };

    private static Metric Better(string id, string name, string shortName, string definition) =>
        new(id, name, shortName, MetricUnit.Share, true, definition);

    private static Metric Worse(string id, string name, string shortName, string definition) =>
        new(id, name, shortName, MetricUnit.Share, false, definition);

    private static Metric Neutral(string id, string name, string shortName, MetricUnit unit, string definition) =>
        new(id, name, shortName, unit, null, definition);

    private static Metric Cost(string id, string name, string shortName, MetricUnit unit, string definition) =>
        new(id, name, shortName, unit, false, definition);
}
