using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Studies;

namespace BackdoorLab.Web.Tests.Support;

/// <summary>
/// Reports that look like real ones: what fires, what degrades, what cannot run, and a precision that breaks the model.
/// </summary>
public static class SampleStudies
{
    public const string Fp32 = "float32";
    public const string Int8 = "int8-dynamic";
    public const string W4A4 = "w4a4-simulated";
    public const string Cleanse = "neural-cleanse";
    public const string Released = "neural-cleanse[batchSize=32]";
    public const string Clustering = "activation-clustering";
    public const string Strip = "strip";
    public const string Pruning = "fine-pruning";

    private const int Models = 10;

    /// <summary>Two settings with everything that the page shows.</summary>
    public static StudyReport Whole() =>
        new(
            StudyReport.CurrentSchema,
            "Quantization, blind spots",
            "Do detectors still see the backdoor after quantization?",
            [.. Enumerable.Range(1, Models)],
            [Setting("GTSRB, ResNet-8, BadNets 10 %", 0), Setting("CIFAR-10, ResNet-8, Blended 5 %", 0.08)],
            new Dictionary<string, double>
            {
                ["train"] = 5400,
                ["measure"] = 300,
                [Cleanse] = 3600,
                [Strip] = 700,
            },
            [
                new(
                    "No detector fires on a quantized model.",
                    "GTSRB, ResNet-8, BadNets 10 %",
                    Int8,
                    Cleanse,
                    "detection-rate",
                    0,
                    new(0.5, 0.187, 0.813, 10),
                    "The rule fires on half of the models; the published code stops with an exception and files it as a miss."
                ),
                new(
                    "The backdoor survives.",
                    "GTSRB, ResNet-8, BadNets 10 %",
                    Int8,
                    null,
                    "attack-success-rate",
                    0.99,
                    null,
                    ""
                ),
                new(
                    "Accuracy hardly changes.",
                    "GTSRB, ResNet-8, BadNets 10 %",
                    Int8,
                    null,
                    "clean-accuracy",
                    null,
                    new(0.94, 0.93, 0.95, 10),
                    "It does not."
                ),
            ],
            ["Cells marked as damaged belong to models that lost more than 5 points of clean accuracy against FP32."]
        );

    /// <summary>The first setting, at FP32 with what must be read beside the rates.</summary>
    public static StudySetting WithParticulars()
    {
        var setting = Whole().Settings[0];
        return setting with
        {
            Cells =
            [
                .. setting.Cells.Select(cell =>
                    cell.Precision != Fp32
                        ? cell
                        : cell.Defense switch
                        {
                            Cleanse => With(
                                cell,
                                ("updates-per-class", new(60, 60, 60, Models)),
                                ("images-per-update", new(16, 16, 16, Models)),
                                ("schedule-share", new(960 / 992_000.0, null, null, Models)),
                                ("index-ceiling", new(2.1, 1.8, 2.5, Models)),
                                ("log-anomaly-index", new(4.1, null, null, Models)),
                                ("benign-log-anomaly-index", new(1.3, null, null, Models))
                            ),
                            Pruning => With(
                                cell,
                                ("clean-accuracy-pruned", new(0.91, null, null, Models)),
                                ("attack-success-rate-pruned", new(0.2, null, null, Models)),
                                ("stop-rule-images", new(400, null, null, Models)),
                                ("stop-rule-margin", new(0.024, null, null, Models))
                            ),
                            _ => cell,
                        }
                ),
            ],
        };

        static StudyCell With(StudyCell cell, params (string Metric, StudyValue Value)[] more) =>
            cell with
            {
                Values = cell
                    .Values.Concat(more.Select(entry => KeyValuePair.Create(entry.Metric, entry.Value)))
                    .ToDictionary(),
            };
    }

    /// <summary>A study before its first result.</summary>
    public static StudyReport Empty() =>
        Whole() with
        {
            Settings = [],
            Findings = [],
            Seconds = new Dictionary<string, double>(),
            Remarks = [],
        };

    /// <summary>A cell of a method that says yes or no of each model.</summary>
    public static StudyCell Detector(string precision, int flagged, int benignFlagged = 0) =>
        Cell(precision, Cleanse, StudyRole.Models) with
        {
            Values = new Dictionary<string, StudyValue>
            {
                ["detection-rate"] = Share(flagged),
                ["false-positive-rate"] = Share(benignFlagged),
                ["target-label-hit"] = Share(Math.Max(flagged - 1, 0)),
                ["auroc"] = new(
                    0.5 + (flagged * 0.05),
                    0.3 + (flagged * 0.05),
                    Math.Min(1, 0.62 + (flagged * 0.05)),
                    Models
                ),
                ["detection-rate-at-5-percent"] = new(flagged / 10.0, 0.1, 0.9, Models),
            },
            Changes =
                precision == Fp32
                    ? new Dictionary<string, StudyChange>()
                    : new Dictionary<string, StudyChange>
                    {
                        ["detection-rate"] = new(new((flagged - 9) / 10.0, -0.7, -0.1, Models), 9 - flagged, 0, 0.125),
                    },
            Scores =
            [
                .. Enumerable
                    .Range(1, Models)
                    .Select(seed => new StudyScore(
                        Victim.Backdoored,
                        seed,
                        seed <= flagged ? 2.2 + (seed * 0.17) : 1.3 + (seed * 0.04),
                        seed <= flagged ? Decision.Flagged : Decision.NotFlagged,
                        "run" + seed
                    )),
                .. Enumerable
                    .Range(1, Models)
                    .Select(seed => new StudyScore(
                        Victim.Benign,
                        seed,
                        seed <= benignFlagged ? 2.1 : 0.7 + (seed * 0.09),
                        seed <= benignFlagged ? Decision.Flagged : Decision.NotFlagged,
                        "run" + seed
                    )),
            ],
            Outcomes =
            [
                .. from seed in Enumerable.Range(1, Models) select Judged(Victim.Backdoored, seed, seed <= flagged),
                .. from seed in Enumerable.Range(1, Models) select Judged(Victim.Benign, seed, seed <= benignFlagged),
            ],
            ScoreMetric = "detector-score",
            Threshold = 2,
        };

    /// <summary>The same cell where the rule could not decide on one of the backdoored models.</summary>
    public static StudyCell Silent(StudyCell cell, int seed) =>
        cell with
        {
            Outcomes =
            [
                .. cell.Outcomes.Select(model =>
                    model.Victim == Victim.Backdoored && model.Seed == seed
                        ? model with
                        {
                            Verdict = Verdict.NotDecidable(
                                UndecidedReason.NormCeiling,
                                ("index-ceiling", 1.3),
                                ("detector-threshold", 2)
                            ),
                        }
                        : model
                ),
            ],
        };

    /// <summary>The same cell where every model has the same outcome and no value.</summary>
    public static StudyCell Without(StudyCell cell, Outcome outcome, string reason) =>
        cell with
        {
            Values = new Dictionary<string, StudyValue>(),
            Changes = new Dictionary<string, StudyChange>(),
            Scores = [],
            Outcomes =
            [
                .. cell.Outcomes.Select(model => model with { Outcome = outcome, Reason = reason, Verdict = null }),
            ],
        };

    private static StudySetting Setting(string title, double shift)
    {
        string[] precisions = [Fp32, Int8, W4A4];
        string[] defenses = [Cleanse, Released, Clustering, Strip, Pruning];
        StudyCell[] cells =
        [
            .. precisions.Select((precision, i) => Undefended(precision, (i * i * 0.09) + shift)),
            Detector(Fp32, 9, 1),
            Detector(Int8, 5) with
            {
                Notes = ["The index is decidable here: its ceiling is 4.2."],
            },
            Without(
                Detector(W4A4, 0),
                Outcome.NotApplicable,
                "The gradient does not describe this arithmetic (agreement 0.12)."
            ),
            .. precisions.Select(
                (precision, i) =>
                    (
                        i == 0
                            ? Detector(precision, 9)
                            : Without(Detector(precision, 0), Outcome.Failed, "Kernel has no gradient.")
                    ) with
                    {
                        Defense = Released,
                        ReleasedVariantOf = Cleanse,
                    }
            ),
            .. precisions.Select(
                (precision, i) => Rates(precision, Clustering, StudyRole.Samples, 0.93 - (i * 0.3), 0.04 + (i * 0.1))
            ),
            Rates(Fp32, Strip, StudyRole.Inputs, 0.97, 0.05),
            Rates(Int8, Strip, StudyRole.Inputs, 0.91, 0.06),
            Without(Rates(W4A4, Strip, StudyRole.Inputs, 0, 0), Outcome.TimedOut, "Exceeded 600 s."),
            .. precisions.Select((precision, i) => Repair(precision, i * 0.04)),
        ];
        return new(
            title,
            "gtsrb",
            "resnet8",
            "badnets",
            0.1,
            precisions,
            defenses,
            [.. cells.Select(cell => cell.Precision == W4A4 ? cell with { AccuracyLost = 0.36 } : cell)]
        );
    }

    private static StudyCell Undefended(string precision, double loss) =>
        Cell(precision, null, StudyRole.Undefended) with
        {
            Values = new Dictionary<string, StudyValue>
            {
                ["clean-accuracy"] = Mean(0.951 - loss),
                ["attack-success-rate"] = Mean(0.987 - (loss * 0.3)),
                ["benign-clean-accuracy"] = Mean(0.955 - loss),
                ["benign-attack-success-rate"] = Mean(0.006 + (loss * 0.2)),
                ["multiply-add-share"] = new(precision == Fp32 ? 0 : 0.98, null, null, Models),
                ["parameter-share"] = new(precision == Fp32 ? 0 : 0.99, null, null, Models),
                ["logit-divergence"] = new(loss, null, null, Models),
            },
            Changes =
                precision == Fp32
                    ? new Dictionary<string, StudyChange>()
                    : new Dictionary<string, StudyChange>
                    {
                        ["clean-accuracy"] = new(new(-loss, -loss - 0.01, -loss + 0.01, Models)),
                    },
        };

    private static StudyCell Rates(string precision, string defense, StudyRole role, double detected, double alarms) =>
        Cell(precision, defense, role) with
        {
            Values = new Dictionary<string, StudyValue>
            {
                ["sample-detection-rate"] = Mean(detected),
                ["sample-false-positive-rate"] = Mean(alarms),
                ["sample-auroc"] = Mean(detected),
                ["gradient-agreement"] = new(0.98, 0.97, 0.99, Models),
            },
        };

    private static StudyCell Repair(string precision, double shift) =>
        Cell(precision, Pruning, StudyRole.Repair) with
        {
            Values = new Dictionary<string, StudyValue>
            {
                ["clean-accuracy"] = Mean(0.93 - shift),
                ["attack-success-rate"] = Mean(0.08 + shift),
                ["defense-effectiveness"] = Mean(0.95 - shift),
            },
        };

    private static StudyCell Cell(string precision, string? defense, StudyRole role) =>
        new()
        {
            Precision = precision,
            Defense = defense,
            Role = role,
            Values = new Dictionary<string, StudyValue>(),
            Changes = new Dictionary<string, StudyChange>(),
            Scores = [],
            Outcomes =
            [
                .. from victim in new[] { Victim.Backdoored, Victim.Benign }
                from seed in Enumerable.Range(1, Models)
                select new StudyOutcome(victim, seed, Outcome.Value, "", "run" + seed),
            ],
            Notes = [],
        };

    private static StudyOutcome Judged(Victim victim, int seed, bool flagged) =>
        new(victim, seed, Outcome.Value, "", "run" + seed, Verdict.Of(flagged));

    private static StudyValue Mean(double value)
    {
        value = Math.Clamp(value, 0, 1);
        return new(value, Math.Max(0, value - 0.02), Math.Min(1, value + 0.02), Models);
    }

    private static StudyValue Share(int hits)
    {
        var share = new BackdoorLab.Engine.Evaluation.Share(hits, Models);
        return new(share.Value, share.Interval.Low, share.Interval.High, Models);
    }
}
