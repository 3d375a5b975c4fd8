using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Evaluation;

namespace BackdoorLab.Engine.Tests.Evaluation;

public sealed class RepairAndFilterScorerTests
{
    private static readonly BackdoorTruth Backdoored = new() { IsBackdoored = true, TargetLabel = 0 };
    private static readonly BackdoorTruth Benign = new() { IsBackdoored = false };

    private static readonly BackdoorMetrics Before = new(new(93, 100), new(49, 50), new(59, 60), new(1, 50));
    private static readonly BackdoorMetrics After = new(new(91, 100), new(2, 50), new(12, 60), new(46, 50));

    private static readonly FilterInputs Inputs = new(
        [1, 2, 3, 4],
        [true, true, false, true],
        [4, 5, 6, 1, 4],
        [true, true, true, true, false]
    );

    [Fact]
    public void Mitigator_OnBackdooredModel_ComparesBeforeAndAfter()
    {
        var scored = Mitigated(Backdoored, null, new("channels", 0.5, 0.9, 0.1), new("channels", 0, 0.93, 0.98));
        Assert.Equal(0.91, Value(scored, "clean-accuracy"));
        Assert.Equal(0.93, Value(scored, "clean-accuracy-before"));
        Assert.Equal(0.02, Value(scored, "accuracy-drop"), 12);
        Assert.Equal(0.04, Value(scored, "attack-success-rate"));
        Assert.Equal(0.2, Value(scored, "attack-success-rate-all"));
        Assert.Equal(0.98, Value(scored, "attack-success-rate-before"));
        Assert.Equal(0.94, Value(scored, "asr-drop"), 12);
        Assert.Equal(0.92, Value(scored, "robust-accuracy"));
        Assert.Equal(0.96, Value(scored, "defense-effectiveness"), 12);
        Assert.Equal(0.94, Value(scored, "robustness-improvement"), 12);
        var curve = Assert.IsType<LineFigure>(Assert.Single(scored.Figures));
        Assert.Equal([0, 0.5], curve.Lines[0].X);
        Assert.Equal([0.93, 0.9], curve.Lines[0].Y);
        Assert.Equal([0.98, 0.1], curve.Lines[1].Y);
    }

    [Fact]
    public void Mitigator_OnBenignModel_TellsOnlyTheHarm()
    {
        var scored = Mitigated(Benign, null, new CurvePoint("channels", 0, 0.93, 0.1));
        Assert.Equal(
            ["clean-accuracy", "clean-accuracy-before", "accuracy-drop"],
            scored.Measurements.Select(m => m.Metric)
        );
        Assert.Equal(
            "clean accuracy",
            Assert.Single(Assert.IsType<LineFigure>(Assert.Single(scored.Figures)).Lines).Name
        );
    }

    [Fact]
    public void Mitigator_ThatPrunesAndTunes_TellsBothPhases()
    {
        // Pruned alone 44 of 50 triggered images are right again; fine-tuning wakes the backdoor in 49.
        var scored = Mitigated(
            Backdoored,
            new(new(90, 100), new(6, 50), new(16, 60), new(44, 50)),
            new("channels", 3, 0.9, 0.12),
            new("epochs", 0, 0.9, 0.12),
            new("epochs", 1, 0.91, 0.98)
        );

        Assert.Equal(0.9, Value(scored, "clean-accuracy-pruned"));
        Assert.Equal(0.12, Value(scored, "attack-success-rate-pruned"));
        Assert.Equal(5, Value(scored, "pruned-channels"));
        Assert.Equal(
            ["Accuracy and attack success against channels", "Accuracy and attack success against epochs"],
            scored.Figures.Select(figure => figure.Title)
        );
        Assert.Equal([0.12, 0.98], Assert.IsType<LineFigure>(scored.Figures[1]).Lines[1].Y);
        Assert.DoesNotContain(Mitigated(Benign, After).Measurements, row => row.Metric == "attack-success-rate-pruned");
    }

    [Fact]
    public void Filter_OnBackdooredModel_HasHandCountedRates()
    {
        var scored = InputFilterScorer.Score(Inputs, threshold: 3, "score", Backdoored);
        Assert.Equal(0.8, Value(scored, "sample-detection-rate"));
        Assert.Equal(0.25, Value(scored, "sample-false-positive-rate"));

        // Wins over 1 2 3 4: 4 has 3.5 (twice), 5 and 6 have 4, 1 has 0.5.
        Assert.Equal(15.5 / 20, Value(scored, "sample-auroc"), 12);
        Assert.Equal(0.4, Value(scored, "sample-detection-rate-at-1-percent"), 12);
        Assert.Equal(0.2, Value(scored, "filtered-attack-success-rate"));
        Assert.Equal(0.5, Value(scored, "filtered-clean-accuracy"));
        Assert.DoesNotContain(scored.Measurements, m => m.Metric == "false-positive-rate-triggered");
        var figure = Assert.IsType<HistogramFigure>(Assert.Single(scored.Figures));
        Assert.Equal(3, figure.Threshold);
        Assert.Equal(["clean", "triggered"], figure.Histograms.Select(h => h.Name));
    }

    [Fact]
    public void Filter_OnBenignModel_CountsBothKindsAsFalsePositives()
    {
        var scored = InputFilterScorer.Score(Inputs, threshold: 3, "score", Benign);
        Assert.Equal(0.25, Value(scored, "sample-false-positive-rate"));
        Assert.Equal(0.8, Value(scored, "false-positive-rate-triggered"));
        Assert.DoesNotContain(
            scored.Measurements,
            m => m.Metric is "sample-detection-rate" or "sample-auroc" or "filtered-attack-success-rate"
        );
    }

    [Fact]
    public void Scorers_OfAttackThatFailed_SaySo()
    {
        var weak = Backdoored with { AttackSuccessRate = 0.1 };
        Assert.Single(InputFilterScorer.Score(Inputs, 3, "score", weak).Notes);
        Assert.Single(Mitigated(weak, null).Notes);
        Assert.Empty(Mitigated(Backdoored with { AttackSuccessRate = 0.98 }, null).Notes);
    }

    [Fact]
    public void Filter_ScoreAtTheThreshold_IsAccepted()
    {
        var scored = InputFilterScorer.Score(new([3], [true], [3], [true]), threshold: 3, "score", Backdoored);
        Assert.Equal(0, Value(scored, "sample-detection-rate"));
        Assert.Equal(0, Value(scored, "sample-false-positive-rate"));
    }

    [Fact]
    public void Divergence_OfKnownLogits_IsRelativeAndCountsAgreement()
    {
        var same = Divergence.Between([3, 4, 0, 5], [3, 4, 0, 5], 2);
        Assert.Equal((0.0, new Share(2, 2)), (same.RelativeDistance, same.Agreement));
        var other = Divergence.Between([3, 4, 5, 0], [3, 4, 0, 5], 2);
        Assert.Equal(1, other.RelativeDistance, 12); // sqrt(50 / 50)
        Assert.Equal(new Share(1, 2), other.Agreement);
        Assert.Equal(["logit-divergence", "argmax-agreement"], other.Measurements().Select(m => m.Metric));
        Assert.Equal(["argmax-agreement"], Divergence.Between([1, 0], [0, 0], 1).Measurements().Select(m => m.Metric));
    }

    [Fact]
    public void Overhead_WithAndWithoutTraining_GivesTheRatioWhenKnown()
    {
        var rows = new Overhead(30, 120, 1000).Measurements();
        Assert.Equal(["overhead-seconds", "overhead-ratio", "peak-memory"], rows.Select(m => m.Metric));
        Assert.Equal([30.0, 0.25, 1000], rows.Select(m => m.Value));
        Assert.Single(new Overhead(30, 0).Measurements());
    }

    private static double Value(Scored scored, string metric) =>
        scored.Measurements.Single(m => m.Metric == metric).Value;

    private static Scored Mitigated(BackdoorTruth truth, BackdoorMetrics? pruned, params CurvePoint[] curve) =>
        MitigatorScorer.Score(
            Before,
            After,
            pruned,
            truth,
            curve,
            new(pruned is null ? [] : [new DefenseNumber(FinePruning.PrunedChannels, 5)], [], "")
        );
}
