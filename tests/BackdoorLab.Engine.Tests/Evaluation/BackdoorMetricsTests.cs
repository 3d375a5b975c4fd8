using BackdoorLab.Engine.Evaluation;

namespace BackdoorLab.Engine.Tests.Evaluation;

public sealed class BackdoorMetricsTests
{
    // Six triggered images, target 0; the first two already are class 0 and count for neither attack success nor
    // robustness.
    private static readonly int[] TrueLabels = [0, 0, 1, 2, 3, 1];
    private static readonly int[] Intended = [0, 0, 0, 0, 0, 0];
    private static readonly int[] Predicted = [0, 0, 0, 2, 0, 3];

    [Fact]
    public void Of_AllToOne_LeavesTheTargetClassOutOfAttackSuccess()
    {
        var metrics = BackdoorMetrics.Of([1, 2, 3], [1, 2, 0], Predicted, TrueLabels, Intended);
        Assert.Equal(new Share(2, 3), metrics.CleanAccuracy);
        Assert.Equal(new Share(2, 4), metrics.AttackSuccessRate);
        Assert.Equal(new Share(4, 6), metrics.AttackSuccessRateAll);
        Assert.Equal(new Share(1, 4), metrics.RobustAccuracy);
    }

    [Fact]
    public void Of_AllToAll_CountsEveryImageAgainstItsOwnIntendedLabel()
    {
        var metrics = BackdoorMetrics.Of([], [], [1, 2, 0, 0], [0, 1, 2, 0], [1, 2, 0, 1]);
        Assert.Equal(new Share(3, 4), metrics.AttackSuccessRate);
        Assert.Equal(metrics.AttackSuccessRate, metrics.AttackSuccessRateAll);
        Assert.Equal(new Share(1, 4), metrics.RobustAccuracy);
    }

    [Fact]
    public void Of_AnyPredictions_NeverHasAttackSuccessAndRobustnessAboveOneTogether()
    {
        var random = new BackdoorLab.Engine.Core.SeedTree(1).Random();
        for (var trial = 0; trial < 50; trial++)
        {
            int[] labels = [.. Enumerable.Range(0, 20).Select(_ => random.Next(4))];
            int[] predicted = [.. labels.Select(_ => random.Next(4))];
            int[] target = [.. labels.Select(_ => 2)];
            var metrics = BackdoorMetrics.Of(predicted, labels, predicted, labels, target);
            Assert.True(metrics.AttackSuccessRate.Hits + metrics.RobustAccuracy.Hits <= metrics.RobustAccuracy.Count);
            Assert.Equal(labels.Count(label => label != 2), metrics.AttackSuccessRate.Count);
        }
    }

    [Fact]
    public void Measurements_CarryCountAndExactInterval()
    {
        var rows = BackdoorMetrics
            .Of([.. Enumerable.Repeat(1, 10)], [1, 1, 1, 1, 1, 2, 2, 2, 2, 2], [], [], [])
            .Measurements();
        var row = Assert.Single(rows);
        Assert.Equal("clean-accuracy", row.Metric);
        Assert.Equal((0.5, 10), (row.Value, row.Count));
        Assert.Equal(0.187086028447, row.Low!.Value, tolerance: 1e-11);
        Assert.Equal(0.812913971553, row.High!.Value, tolerance: 1e-11);
    }

    [Fact]
    public void Measurements_WithTriggeredImages_NameTheFourMetrics()
    {
        var rows = BackdoorMetrics.Of([1], [1], Predicted, TrueLabels, Intended).Measurements();
        Assert.Equal(
            ["clean-accuracy", "attack-success-rate", "attack-success-rate-all", "robust-accuracy"],
            rows.Select(row => row.Metric)
        );
    }

    [Fact]
    public void Of_UnequalLengths_IsRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => BackdoorMetrics.Of([1], [1, 2], [], [], []));

    [Theory]
    [InlineData(1.0, 1.0, 0.9, 0.9, 0.5)] // no effect
    [InlineData(1.0, 0.0, 0.9, 0.9, 1.0)] // removed for free
    [InlineData(0.98, 0.03, 0.93, 0.91, 0.965)]
    [InlineData(0.9, 0.95, 0.9, 0.8, 0.45)] // a grown attack counts as no gain
    [InlineData(1.0, 0.5, 0.9, 0.95, 0.75)] // a gain in accuracy is not credited
    [InlineData(0.3, 0.0, 0.9, 0.9, 0.65)] // a weak attack caps the rating at 1/2 + ASR / 2
    public void DefenseEffectiveness_OfKnownRates_FollowsTheFormula(
        double attackBefore,
        double attackAfter,
        double accuracyBefore,
        double accuracyAfter,
        double expected
    ) =>
        Assert.Equal(
            expected,
            BackdoorMetrics.DefenseEffectiveness(attackBefore, attackAfter, accuracyBefore, accuracyAfter),
            12
        );

    [Fact]
    public void RobustnessImprovement_OfKnownRates_FollowsTheFormula() =>
        Assert.Equal(0.94, BackdoorMetrics.RobustnessImprovement(0.02, 0.92, 0.93, 0.91), 12);

    [Fact]
    public void Share_OfNothing_HasNoValue() => Assert.Throws<InvalidOperationException>(() => new Share(0, 0).Value);
}
