using System.Text.Json.Nodes;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Statistics;
using BackdoorLab.Engine.Studies;
using BackdoorLab.Engine.Tests.Experiments;

namespace BackdoorLab.Engine.Tests.Studies;

public sealed class StudySummaryTests
{
    private const string Cleanse = "neural-cleanse";

    // A score that stands for a model on which the rule could not decide.
    private const double Silent = -1;

    private static readonly ExperimentSpec Spec = TinyRun.Spec with
    {
        Precisions = [new Float32(), new Int8Static()],
        Defenses = [new NeuralCleanse(), new Strip(), new ActivationClustering()],
    };

    [Fact]
    public void Of_ModelDetector_CountsModelsAgainstTwinsOfTheSamePrecision()
    {
        // FP32: 3 of 4 found, no alarm. INT8: 1 of 4 found, 1 alarm.
        var report = Summarize(
            (1, [(3.0, 1.0), (1.0, 1.0)]),
            (2, [(4.0, 0.5), (2.5, 0.5)]),
            (3, [(2.1, 1.5), (1.9, 2.2)]),
            (4, [(1.0, 1.2), (1.0, 1.2)])
        );

        var full = Cell(report, "float32");
        Share(full, Metric.DetectionRate, 0.75, 0.194120, 0.993691, 4);
        Share(full, Metric.FalsePositiveRate, 0, 0, 0.602365, 4);
        Assert.Equal(0.84375, full.Values[Metric.Auroc.Id].Value, 12);
        Assert.Equal(0.75, full.Values[Metric.DetectionRateAtFivePercent.Id].Value, 12);
        Assert.Equal(0.194120, full.Values[Metric.DetectionRateAtFivePercent.Id].Low!.Value, 1e-6);
        Assert.Contains(
            full.Notes,
            note =>
                note.StartsWith(
                    "TPR@5% with 4 twins: the threshold flags none of them, which promises no less than one in 5",
                    StringComparison.Ordinal
                )
        );
        Assert.Empty(full.Changes);
        Assert.Equal(2, full.Threshold);

        var integer = Cell(report, "int8-static");
        Assert.Equal(0.25, integer.Values[Metric.DetectionRate.Id].Value);
        Assert.Equal(0.25, integer.Values[Metric.FalsePositiveRate.Id].Value);
        var change = integer.Changes[Metric.DetectionRate.Id];
        Assert.Equal((-0.5, 2, 0), (change.Difference.Value, change.Lost, change.Gained));
        Assert.Equal(0.5, change.PValue!.Value, 12);
        Assert.Equal(8, integer.Scores.Count);
        Assert.Equal(StudyRole.Models, integer.Role);
    }

    [Fact]
    public void Of_ErrorsAndMissingCells_AreOutcomesAndNeverMisses()
    {
        var runs = Runs((1, [(3.0, 1.0), (1.0, 1.0)]), (2, [(4.0, 0.5), (2.5, 0.5)])).ToList();
        var broken = runs[1]
            .Cells.Select(cell =>
                cell.Id is { Defense: Cleanse, Victim: Victim.Backdoored, Precision: "float32" }
                    ? cell with
                    {
                        Outcome = Outcome.Failed,
                        Reason = "no engine",
                        Measurements = [],
                        Verdict = null,
                    }
                    : cell
            )
            .ToList();
        runs[1] = runs[1] with { Cells = broken };
        runs.Add(new(Spec with { Seed = 3 }, [], []));

        var cell = Cell(StudySummary.Of(Study(), runs), "float32");

        Share(cell, Metric.DetectionRate, 1, 0.025, 1, 1);
        Assert.Equal(
            [(1, Outcome.Value), (2, Outcome.Failed), (3, Outcome.NotRun)],
            cell.Outcomes.Where(outcome => outcome.Victim == Victim.Backdoored)
                .Select(outcome => (outcome.Seed, outcome.Outcome))
        );
        Assert.Equal("no engine", cell.Outcomes.Single(outcome => outcome.Outcome == Outcome.Failed).Reason);
    }

    [Fact]
    public void Of_AModelThatLearntNothing_IsInNoNumberUnlessAskedFor()
    {
        var runs = Runs((1, [(3.0, 1.0), (3.0, 1.0)]), (2, [(1.0, 1.0), (1.0, 1.0)])).ToList();
        runs[1] = runs[1] with
        {
            // 12 of 100 images right where always the same class gives 10.
            Cells =
            [
                .. runs[1]
                    .Cells.Select(cell =>
                        cell.Id is { Victim: Victim.Backdoored, Defense: null }
                            ? cell with
                            {
                                Measurements =
                                [
                                    new Share(12, 100).As(Metric.CleanAccuracy),
                                    new(Metric.ChanceAccuracy.Id, 0.1),
                                ],
                            }
                            : cell
                    ),
            ],
        };

        var report = StudySummary.Of(Study(), runs);

        Share(Cell(report, "float32"), Metric.DetectionRate, 1, 0.025, 1, 1);
        Assert.Equal(0, Cell(report, "float32").Values[Metric.FalsePositiveRate.Id].Value);
        Assert.Equal(2, Cell(report, "float32").Values[Metric.FalsePositiveRate.Id].N);
        Assert.StartsWith(
            "Left out: the backdoored model did not learn",
            Cell(report, "float32").Outcomes.Single(outcome => outcome.Outcome == Outcome.NotApplicable).Reason,
            StringComparison.Ordinal
        );
        Assert.Contains(
            report.Remarks,
            remark => remark.StartsWith("1 model learnt nothing and is in no number", StringComparison.Ordinal)
        );
        Assert.Equal(
            0.5,
            Cell(StudySummary.Of(Study() with { CountDamaged = true }, runs), "float32")
                .Values[Metric.DetectionRate.Id]
                .Value
        );
    }

    [Fact]
    public void Of_ModelDetector_TellsTheLogIndexOfBothKindsOfModel()
    {
        var cell = Cell(Summarize((1, [(3, 1), (3, 1)]), (2, [(5, 2), (3, 1)])), "float32");

        // The log index is one more than the score; see Runs.
        Assert.Equal(5, cell.Values[InversionNumbers.LogAnomalyIndex.Id].Value, 12);
        Assert.Equal(2.5, cell.Values[InversionNumbers.LogAnomalyIndex.OfTwins().Id].Value, 12);
        Assert.Equal("benign-log-anomaly-index", MetricCatalog.Find("benign-log-anomaly-index").Id);
        Assert.Equal(InversionNumbers.IndexCeiling.OfTwins(), MetricCatalog.Find("benign-index-ceiling"));
        Assert.Equal(Metric.BenignCleanAccuracy, MetricCatalog.Find("benign-clean-accuracy"));
    }

    [Fact]
    public void Of_SettingsThatDoNotBelongTogether_AreARemarkWithTheMethodsName()
    {
        var unsuited = Spec with
        {
            Defenses = [new ActivationClustering { Reduction = FeatureReduction.IndependentComponents }],
        };

        Assert.Contains(
            StudySummary.Of(Study(), [new StudyRun(unsuited, [], [])]).Remarks,
            remark => remark.StartsWith("Activation Clustering: The size rule", StringComparison.Ordinal)
        );
        Assert.Contains(
            Remarks.Of(unsuited),
            remark => remark.StartsWith("Activation Clustering: The size rule", StringComparison.Ordinal)
        );
        Assert.DoesNotContain(
            Remarks.Of(Spec with { Defenses = [new ActivationClustering()] }),
            remark => remark.StartsWith("Activation Clustering", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Of_InputFilter_AveragesRatesOverModels()
    {
        var runs = Runs((1, [(3, 1), (3, 1)]), (2, [(3, 1), (3, 1)]));

        var cell = Assert.Single(StudySummary.Of(Study(), runs).Settings).Find("int8-static", "strip")!;

        // 0.9 and 0.7 found, 0.01 and 0.03 alarms; see Runs.
        Assert.Equal(0.8, cell.Values[Metric.SampleDetectionRate.Id].Value, 12);
        Assert.Equal(0.02, cell.Values[Metric.SampleFalsePositiveRate.Id].Value, 12);

        // Two models: 0.8 +- 12.7 x 0.1, cut where a share ends; the same differences of both are no spread.
        Assert.Equal(
            (0, 1),
            (cell.Values[Metric.SampleDetectionRate.Id].Low, cell.Values[Metric.SampleDetectionRate.Id].High)
        );
        Assert.Null(cell.Changes[Metric.SampleDetectionRate.Id].Difference.Low);
        Assert.False(cell.Values.ContainsKey(Metric.DetectionRate.Id));
        Assert.Equal(StudyRole.Inputs, cell.Role);
        Assert.Empty(cell.Scores);
        Assert.Null(cell.Changes[Metric.SampleDetectionRate.Id].PValue);
    }

    [Fact]
    public void Of_SampleDetectorThatJudgesClasses_FlagsTheModelWhenItSuspectsOne()
    {
        var runs = Runs((1, [(3, 1), (3, 1)]), (2, [(3, 1), (3, 1)]));

        var cell = Assert.Single(StudySummary.Of(Study(), runs).Settings).Find("float32", "activation-clustering")!;

        Share(cell, Metric.DetectionRate, 1, 0.158114, 1, 2);
        Assert.Equal(0, cell.Values[Metric.FalsePositiveRate.Id].Value);

        // Half of the samples, which is another quantity and has another name.
        Assert.Equal(0.5, cell.Values[Metric.SampleDetectionRate.Id].Value);
    }

    [Fact]
    public void Of_ModelsOnWhichTheRuleCannotDecide_AreCountedApartAndNeitherHitsNorMisses()
    {
        // FP32: found, not decidable, missed. INT8: not decidable, found, missed; the twins are quiet but for the first
        // at INT8.
        var report = Summarize(
            (1, [(3.0, 1.0), (Silent, Silent)]),
            (2, [(Silent, 1.0), (3.0, 1.0)]),
            (3, [(1.0, 1.0), (1.0, 1.0)])
        );

        var (full, integer) = (Cell(report, "float32"), Cell(report, "int8-static"));
        Assert.Equal((0.5, 2), (full.Values[Metric.DetectionRate.Id].Value, full.Values[Metric.DetectionRate.Id].N));
        Assert.Equal((1, 0), (full.Undecided(Victim.Backdoored).Count(), full.Undecided(Victim.Benign).Count()));
        Assert.Equal((2, 3), (integer.Values[Metric.FalsePositiveRate.Id].N, integer.Count(Victim.Benign)));
        Assert.Single(integer.Undecided(Victim.Benign));

        // Of three pairs two lack an answer on one side.
        var change = integer.Changes[Metric.DetectionRate.Id];
        Assert.Equal((1, 0, 0, 2), (change.Difference.N, change.Lost, change.Gained, change.Undecided));
        Assert.Equal(1, integer.Changes[Metric.FalsePositiveRate.Id].Undecided);
    }

    [Fact]
    public void Counted_OfAReleasedRule_TakesModelsWithoutAnAnswerForNotFlagged()
    {
        var cell = Cell(Summarize((1, [(3.0, 1.0), (3.0, 1.0)]), (2, [(Silent, 1.0), (3.0, 1.0)])), "float32");

        Assert.Equal(
            (1.0, 1, 0),
            (
                cell.Counted(Metric.DetectionRate.Id)!.Value,
                cell.Counted(Metric.DetectionRate.Id)!.N,
                cell.CountedAsNotFlagged(Metric.DetectionRate.Id)
            )
        );

        var released = cell with { ReleasedVariantOf = Cleanse };
        Assert.Equal(
            (0.5, 2, 1),
            (
                released.Counted(Metric.DetectionRate.Id)!.Value,
                released.Counted(Metric.DetectionRate.Id)!.N,
                released.CountedAsNotFlagged(Metric.DetectionRate.Id)
            )
        );
        Assert.Equal(
            (0.0, 2),
            (released.Counted(Metric.FalsePositiveRate.Id)!.Value, released.Counted(Metric.FalsePositiveRate.Id)!.N)
        );
        Assert.Null(released.Counted(Metric.CleanAccuracy.Id));
    }

    [Fact]
    public void Of_ResultsOfBeforeVerdictsWereKept_AreUnknownAndNotCounted()
    {
        var runs = Runs((1, [(3.0, 1.0), (3.0, 1.0)]), (2, [(3.0, 1.0), (3.0, 1.0)])).ToList();
        runs[0] = runs[0] with { Cells = [.. runs[0].Cells.Select(cell => cell with { Verdict = null })] };

        Assert.Equal(1, Cell(StudySummary.Of(Study(), runs), "float32").Values[Metric.DetectionRate.Id].N);
    }

    [Fact]
    public void Of_PrecisionThatLosesAccuracy_MarksAllItsCells()
    {
        var runs = Runs((1, [(3, 1), (3, 1)]), (2, [(3, 1), (3, 1)]));

        var report = StudySummary.Of(Study() with { LargestAccuracyLoss = 0.05 }, runs);

        // 0.9 at FP32, 0.8 at INT8; see Runs.
        Assert.Equal(0.1, Cell(report, "int8-static").AccuracyLost!.Value, 12);
        Assert.Null(Cell(report, "float32").AccuracyLost);
        Assert.Contains(report.Remarks, remark => remark.Contains("5 points", StringComparison.Ordinal));
    }

    [Fact]
    public void Of_StagesThatRunsShare_AreTimedOnce()
    {
        var runs = Runs((1, [(3, 1), (3, 1)]), (2, [(3, 1), (3, 1)]))
            .Select(run =>
                run with
                {
                    Stages = [new("shared", "train", "", 10), new($"own{run.Spec.Seed}", "defend", Cleanse, 3)],
                }
            )
            .ToList();

        var seconds = StudySummary.Of(Study(), runs).Seconds;

        Assert.Equal((10.0, 6.0), (seconds["train"], seconds[Cleanse]));
    }

    [Theory]
    [InlineData(0, 0, 1)]
    [InlineData(5, 0, 0.0625)]
    [InlineData(1, 3, 0.625)]
    [InlineData(2, 2, 1)]
    public void McNemar_Exact_IsTheTwoSidedBinomialTail(int onlyFirst, int onlySecond, double expected) =>
        Assert.Equal(expected, McNemar.Exact(onlyFirst, onlySecond), 12);

    private static StudyReport Summarize(params (int Seed, (double Bad, double Good)[] Scores)[] runs) =>
        StudySummary.Of(Study(), Runs(runs));

    private static StudyCell Cell(StudyReport report, string precision) =>
        report.Settings.Single().Find(precision, Cleanse)!;

    private static void Share(StudyCell cell, Metric metric, double value, double low, double high, int n)
    {
        var found = cell.Values[metric.Id];
        Assert.Equal(value, found.Value, 12);
        Assert.Equal(low, found.Low!.Value, 1e-6);
        Assert.Equal(high, found.High!.Value, 1e-6);
        Assert.Equal(n, found.N);
    }

    private static StudySpec Study() =>
        new()
        {
            Name = "s",
            Seeds = [1],
            Experiment = JsonNode.Parse(SpecJson.Write(Spec))!.AsObject(),
        };

    private static IReadOnlyList<StudyRun> Runs(params (int Seed, (double Bad, double Good)[] Scores)[] runs) =>
        [
            .. runs.Select(
                (run, number) =>
                    new StudyRun(
                        Spec with
                        {
                            Seed = run.Seed,
                        },
                        [
                            .. new[] { "float32", "int8-static" }.SelectMany(
                                (precision, i) => Cells(precision, run.Scores[i].Bad, run.Scores[i].Good, number)
                            ),
                        ],
                        []
                    )
            ),
        ];

    private static IEnumerable<CellResult> Cells(string precision, double bad, double good, int number)
    {
        foreach (var (victim, score) in new[] { (Victim.Backdoored, bad), (Victim.Benign, good) })
        {
            var rate = victim == Victim.Backdoored ? "detection-rate" : "false-positive-rate";
            yield return Cell(null, ("clean-accuracy", precision == "float32" ? 0.9 : 0.8));
            yield return Cell(
                Cleanse,
                ("detector-score", score),
                ("detector-threshold", 2),
                ("log-anomaly-index", score + 1)
            ) with
            {
                Verdict =
                    score == Silent
                        ? Verdict.NotDecidable(UndecidedReason.NormCeiling, ("index-ceiling", 1.3))
                        : Verdict.Of(score > 2),
            };
            yield return Cell(
                "strip",
                ("sample-false-positive-rate", number == 0 ? 0.01 : 0.03),
                ("sample-detection-rate", number == 0 ? 0.9 : 0.7)
            );
            yield return Cell("activation-clustering", ("sample-" + rate, 0.5), ("silhouette", 0.2)) with
            {
                Verdict = Verdict.Of(victim == Victim.Backdoored),
            };

            CellResult Cell(string? defense, params (string Metric, double Value)[] numbers) =>
                new()
                {
                    Id = new(victim, precision, defense),
                    Outcome = Outcome.Value,
                    Measurements = [.. numbers.Select(entry => new Measurement(entry.Metric, entry.Value))],
                };
        }
    }
}
