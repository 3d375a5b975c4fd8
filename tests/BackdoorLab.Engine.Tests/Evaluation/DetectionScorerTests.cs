using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Evaluation;

namespace BackdoorLab.Engine.Tests.Evaluation;

public sealed class DetectionScorerTests
{
    private static readonly BackdoorTruth Poisoned = new()
    {
        IsBackdoored = true,
        TargetLabel = 3,
        PoisonMask = [true, true, true, false, false, false, false, false],
    };

    private static readonly BackdoorTruth Benign = new() { IsBackdoored = false, TargetLabel = 3 };

    private static readonly ModelVerdict Verdict = new()
    {
        Verdict = Results.Verdict.Of(true, ("anomaly-index", 2.5)),
        Score = 2.5,
        Threshold = 2,
        SuspectedLabels = [3, 1],
        Numbers =
        [
            new(InversionNumbers.AnomalyIndex, 2.5),
            new(InversionNumbers.IndexCeiling, double.PositiveInfinity),
        ],
        Note = "By the paper's rule.",
    };

    private static SampleVerdict Samples =>
        new()
        {
            Scores = [9, 8, 1, 2, 8, 0, 0, 0],
            Flagged = [true, true, false, false, true, false, false, false],
            ScoreName = "score",
            TopLabel = 3,
            Projection = [(1, 2), (1, 3), (float.NaN, float.NaN), (0, 1), (0, 2), (0, 0), (0, 0), (0, 3)],
        };

    [Fact]
    public void ModelDetector_OnBackdooredModel_IsADetection()
    {
        var scored = ModelDetectorScorer.Score(Verdict, Poisoned);
        var row = scored.Measurements.Single(m => m.Metric == "detection-rate");
        Assert.Equal((1.0, 1), (row.Value, row.Count));
        Assert.Equal(0.025, row.Low!.Value, tolerance: 1e-11);
        Assert.Equal(1, Value(scored, "target-label-hit"));
        Assert.Equal(1, Value(scored, "target-label-flagged"));
        Assert.Equal(2, Value(scored, "suspected-labels"));
        Assert.Equal(2.5, Value(scored, "detector-score"));
        Assert.Equal(2, Value(scored, "detector-threshold"));
        Assert.Equal(2.5, Value(scored, "anomaly-index"));
        Assert.DoesNotContain(scored.Measurements, m => m.Metric is "false-positive-rate" or "index-ceiling");
        Assert.Contains("By the paper's rule.", scored.Notes);
        Assert.Contains(scored.Notes, note => note.StartsWith("Index ceiling is Infinity", StringComparison.Ordinal));
    }

    [Fact]
    public void ModelDetector_OnBenignModel_IsAFalsePositiveWithoutTarget()
    {
        var scored = ModelDetectorScorer.Score(Verdict, Benign);
        Assert.Equal(1, Value(scored, "false-positive-rate"));
        Assert.DoesNotContain(
            scored.Measurements,
            m => m.Metric is "detection-rate" or "target-label-hit" or "target-label-flagged"
        );
    }

    [Fact]
    public void ModelDetector_ThatCouldNotDecide_IsNeitherAHitNorAMissNorAnAlarm()
    {
        var silent = Verdict with
        {
            Verdict = Results.Verdict.NotDecidable(UndecidedReason.NormCeiling, ("index-ceiling", 1.3)),
            SuspectedLabels = [],
            TopLabel = 3,
        };
        foreach (var truth in new[] { Poisoned, Benign })
        {
            var scored = ModelDetectorScorer.Score(silent, truth);

            Assert.Equal(
                (Decision.NotDecidable, UndecidedReason.NormCeiling),
                (scored.Verdict!.Decision, scored.Verdict.Reason!.Value)
            );
            Assert.DoesNotContain(
                scored.Measurements,
                m => m.Metric is "detection-rate" or "false-positive-rate" or "flagged"
            );
            Assert.Equal(2.5, Value(scored, "detector-score"));
        }
    }

    [Theory]
    [InlineData(true, true, "detection-rate", 1)]
    [InlineData(true, false, "detection-rate", 0)]
    [InlineData(false, true, "false-positive-rate", 1)]
    public void SampleDetector_ThatJudgesTheModel_CountsModelAndSamplesUnderTwoNames(
        bool backdoored,
        bool flagged,
        string metric,
        double rate
    )
    {
        var scored = SampleDetectorScorer.Score(
            Samples with
            {
                Verdict = Results.Verdict.Of(flagged),
            },
            backdoored ? Poisoned : Benign,
            new SeedTree(1).Random()
        );

        Assert.Equal((rate, 1), (Value(scored, metric), Count(scored, metric)));
        Assert.Equal(backdoored ? 0.2 : 3.0 / 8, Value(scored, "sample-false-positive-rate"));
        Assert.Equal(flagged, scored.Verdict!.Decision == Decision.Flagged);
        Assert.Equal(3, Assert.Single(scored.Verdict.Classes).Label);
    }

    [Theory]
    [InlineData(new[] { 1, 3 }, null, 0, 1)] // flagged, but another label first
    [InlineData(new int[0], 3, 1, 0)] // nothing flagged, yet the right label on top
    [InlineData(new int[0], 2, 0, 0)]
    public void TargetLabel_OfSuspects_IsJudgedOnTheFirst(int[] suspected, int? top, double hit, double flagged)
    {
        var scored = ModelDetectorScorer.Score(Verdict with { SuspectedLabels = suspected, TopLabel = top }, Poisoned);
        Assert.Equal(hit, Value(scored, "target-label-hit"));
        Assert.Equal(flagged, Value(scored, "target-label-flagged"));
    }

    [Fact]
    public void TargetLabel_UnderAllToAll_IsNotJudged()
    {
        var scored = ModelDetectorScorer.Score(Verdict, Poisoned with { Mapping = LabelMapping.AllToAll });
        Assert.DoesNotContain(scored.Measurements, m => m.Metric == "target-label-hit");
        Assert.Contains(scored.Notes, note => note.StartsWith("All-to-all", StringComparison.Ordinal));
    }

    [Fact]
    public void ModelDetector_OfAttackThatFailed_SaysSo()
    {
        var scored = ModelDetectorScorer.Score(Verdict, Poisoned with { AttackSuccessRate = 0.12 });
        Assert.Contains(scored.Notes, note => note.Contains("did not take hold", StringComparison.Ordinal));
    }

    [Fact]
    public void SampleDetector_OnPoisonedSet_HasHandCountedRates()
    {
        var scored = SampleDetectorScorer.Score(Samples, Poisoned, new SeedTree(1).Random());
        Assert.Equal(2.0 / 3, Value(scored, "sample-detection-rate"));
        Assert.Equal(0.2, Value(scored, "sample-false-positive-rate"));
        Assert.Equal(2.0 / 3, Value(scored, "positive-predictive-value"));
        Assert.Equal(2.0 / 3, Value(scored, "f1"), 12);
        Assert.Equal(3.0 / 8, Value(scored, "flagged-share"));

        // Clean 2 8 0 0 0; poisoned 9 beats 5, 8 beats 4 and ties one, 1 beats 3: 12.5 of 15 pairs.
        Assert.Equal(12.5 / 15, Value(scored, "sample-auroc"), 12);
        Assert.Equal(1.0 / 3, Value(scored, "sample-detection-rate-at-1-percent"), 12);
        Assert.Equal(1, Value(scored, "target-label-hit"));
        Assert.Equal((3, 5), (Count(scored, "sample-detection-rate"), Count(scored, "sample-false-positive-rate")));
    }

    [Fact]
    public void SampleDetector_OnBenignSet_HasOnlyFalsePositives()
    {
        var scored = SampleDetectorScorer.Score(Samples, Benign, new SeedTree(1).Random());
        Assert.Equal(3.0 / 8, Value(scored, "sample-false-positive-rate"));
        Assert.Equal(3.0 / 8, Value(scored, "flagged-share"));
        Assert.DoesNotContain(
            scored.Measurements,
            m =>
                m.Metric
                    is "sample-detection-rate"
                        or "sample-auroc"
                        or "f1"
                        or "positive-predictive-value"
                        or "target-label-hit"
        );
        Assert.Equal("clean", Assert.Single(scored.Figures.OfType<HistogramFigure>().Single().Histograms).Name);
    }

    [Fact]
    public void SampleDetector_ThatFlagsNothing_HasNoPredictiveValue()
    {
        var scored = SampleDetectorScorer.Score(
            Samples with
            {
                Flagged = new bool[8],
            },
            Poisoned,
            new SeedTree(1).Random()
        );
        Assert.Equal(0, Value(scored, "sample-detection-rate"));
        Assert.Equal(0, Value(scored, "f1"));
        Assert.DoesNotContain(scored.Measurements, m => m.Metric == "positive-predictive-value");
        Assert.Contains(scored.Notes, note => note.StartsWith("Nothing was flagged", StringComparison.Ordinal));
    }

    [Fact]
    public void SampleDetector_WithNaNOrMissingScores_IsAnErrorAndNeverAMiss()
    {
        var random = new SeedTree(1).Random();
        var broken = Samples with { Scores = [double.NaN, 8, 1, 2, 8, 0, 0, 0] };
        Assert.Contains(
            "1 of 8",
            Assert.Throws<InvalidOperationException>(() => SampleDetectorScorer.Score(broken, Poisoned, random)).Message
        );
        Assert.Throws<InvalidOperationException>(() =>
            SampleDetectorScorer.Score(Samples with { Scores = [1, 2] }, Poisoned, random)
        );
        Assert.Throws<ArgumentException>(() =>
            SampleDetectorScorer.Score(Samples, Poisoned with { PoisonMask = null }, random)
        );
    }

    [Fact]
    public void SampleDetector_Pictures_AreColouredWithTheTruth()
    {
        var figures = SampleDetectorScorer.Score(Samples, Poisoned, new SeedTree(1).Random()).Figures;
        var histogram = figures.OfType<HistogramFigure>().Single();
        Assert.Equal(["clean", "poisoned"], histogram.Histograms.Select(h => h.Name));
        var scatter = figures.OfType<ScatterFigure>().Single();
        Assert.Equal([0.0, 0, 0, 0, 0], scatter.Points[0].X);
        Assert.Equal([1.0, 1], scatter.Points[1].X);
        Assert.Equal([2.0, 3], scatter.Points[1].Y);
        Assert.Equal("Samples of class 3, the most suspicious", scatter.Title);
    }

    private static double Value(Scored scored, string metric) =>
        scored.Measurements.Single(m => m.Metric == metric).Value;

    private static int? Count(Scored scored, string metric) =>
        scored.Measurements.Single(m => m.Metric == metric).Count;
}
