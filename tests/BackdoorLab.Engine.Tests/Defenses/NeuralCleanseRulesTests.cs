using BackdoorLab.Engine.Defenses;

namespace BackdoorLab.Engine.Tests.Defenses;

public sealed class NeuralCleanseRulesTests
{
    [Fact]
    public void AdaptiveCost_FollowsTheReferenceRules()
    {
        var cost = new AdaptiveCost(0.001, 0.9, patience: 2, multiplier: 2, stopPatience: 2);

        Assert.True(cost.Observe(0.95, 10));
        Assert.Equal(0, cost.Cost);
        Assert.True(cost.Observe(0.9, 9));
        Assert.Equal(0.001, cost.Cost);
        Assert.True(cost.Observe(1, 8));
        Assert.Equal(0.002, cost.Cost);
        Assert.False(cost.Observe(0.89, 3));
        Assert.Equal(0.002, cost.Cost);
        Assert.False(cost.Converged);
        Assert.False(cost.Observe(0, 3));
        Assert.Equal(0.000707107, cost.Cost, 9);
        Assert.Equal(8, cost.BestNorm);
        Assert.True(cost.Converged);
    }

    [Fact]
    public void AdaptiveCost_SuccessInterrupted_StartsCountingAgain()
    {
        var cost = new AdaptiveCost(0.001, 0.9, patience: 2, multiplier: 2, stopPatience: 2);
        cost.Observe(1, 10);
        cost.Observe(0.5, 10);
        cost.Observe(1, 10);

        Assert.Equal(0, cost.Cost);

        cost.Observe(1, 10);

        Assert.Equal(0.001, cost.Cost);
    }

    [Fact]
    public void AdaptiveCost_NeverSuccessful_NeverConverges()
    {
        var cost = new AdaptiveCost(0.001, 0.9, patience: 2, multiplier: 2, stopPatience: 2);
        for (var round = 0; round < 50; round++)
        {
            Assert.False(cost.Observe(0.8, 1));
        }

        Assert.False(cost.Converged);
        Assert.Equal(0, cost.Cost);
        Assert.Equal(double.PositiveInfinity, cost.BestNorm);
    }

    [Fact]
    public void SmallestTrigger_GoodOnItsBatchAlone_IsNotKept()
    {
        var tried = new List<double>();
        var smallest = new SmallestTrigger(
            new AdaptiveCost(0.001, 0.99, patience: 1, multiplier: 2, stopPatience: 5),
            0.99,
            trigger =>
            {
                tried.Add(trigger.Norm);
                return trigger.Norm < 50 ? new(0.95, 1000) : new(0.995, 1000);
            }
        );

        // Every one sends its whole batch of 16; 80 is no tenth smaller than 85, and 40 works on 95 % of the holdout
        // only.
        foreach (var norm in new double[] { 100, 85, 80, 40 })
        {
            smallest.Observe(new([], [], norm, 1, 16, false, 0));
        }

        Assert.Equal([100, 85, 40], tried);
        Assert.Equal(
            (85, 0.995, 1000, true),
            (smallest.Trigger.Norm, smallest.Trigger.Success, smallest.Trigger.Tried, smallest.Trigger.Reached)
        );
        Assert.Equal([100, 85, 85, 85], smallest.Norms);

        // Established at 0.001, doubled by each of the three successes, lowered by the failure on the holdout.
        Assert.Equal(0.008 / Math.Pow(2, 1.5), smallest.Cost, 12);

        smallest.Settle();

        Assert.Equal(80, tried[^1]);
        Assert.Equal(80, smallest.Trigger.Norm);
        Assert.Equal([100, 85, 85, 80], smallest.Norms);
    }

    [Fact]
    public void SmallestTrigger_NothingWorks_KeepsTheLastTried()
    {
        var smallest = new SmallestTrigger(
            new AdaptiveCost(0.001, 0.99, patience: 1, multiplier: 2, stopPatience: 5),
            0.99,
            _ => new(0.9, 320)
        );
        smallest.Observe(new([], [], 100, 1, 16, false, 0));
        smallest.Observe(new([], [], 90, 0.5, 16, false, 0));
        smallest.Settle();

        Assert.Equal((90, 0.5, false), (smallest.Trigger.Norm, smallest.Trigger.Success, smallest.Trigger.Reached));
        Assert.Equal([100, 90], smallest.Norms);
    }

    [Fact]
    public void InversionEffort_SixtyUpdatesOfSixteen_AreAThousandthOfTheReference()
    {
        Assert.Equal(960 / 992_000.0, new InversionEffort(60, 16, 960).Share, 12);

        Assert.Contains(
            "0.1 % of the reference",
            Assert.Single(new NeuralCleanse { Rounds = 60, BatchSize = 16 }.Warnings(400)),
            StringComparison.Ordinal
        );
        Assert.Empty(
            new NeuralCleanse
            {
                Rounds = 1000,
                UpdatesPerRound = 31,
                BatchSize = 32,
            }.Warnings(400)
        );

        // By promise: 4 base rounds on a quarter of 16, then 6 whole ones.
        Assert.Equal(
            4 * 4 + 6 * 16,
            new PromiseSchedule(rounds: 10, baseRounds: 4, finalists: 3).ImagesOfAFinalist(16)
        );
    }

    [Fact]
    public void ManagedAdam_ThreeSteps_MatchHandComputation()
    {
        float[] values = [1f];
        var adam = new ManagedAdam(values, 0.1, 0.5, 0.9);

        adam.Step([2]);
        Assert.Equal(0.9f, values[0], 6);
        adam.Step([-1]);
        Assert.Equal(0.9f, values[0], 6);
        adam.Step([1]);
        Assert.Equal(0.858508f, values[0], 5);
    }

    [Fact]
    public void NormOutliers_OneSmallNorm_GivesThePapersIndex()
    {
        var outliers = NormOutliers.Of([50, 2, 60, 70, 80], [true, true, true, true, true]);

        Assert.Equal(1, outliers.Smallest);
        Assert.Equal(60, outliers.Median);
        Assert.Equal(3.912046, outliers.Indices[1], 6);
        Assert.Equal(4.04694, outliers.Ceiling, 5);
        Assert.Equal(12.5826, outliers.LogIndices[1], 3);
        Assert.Equal(30.348, outliers.CutNorm, 3);
        Assert.False(outliers.Undecidable);
    }

    [Fact]
    public void NormOutliers_OneLargeNorm_IsNoOutlier()
    {
        var outliers = NormOutliers.Of([50, 60, 70, 80, 500], [true, true, true, true, true]);

        Assert.Equal(0, outliers.Indices[4]);
        Assert.Equal(0, outliers.LogIndices[4]);
        Assert.Equal(1.34898, outliers.Indices[0], 5);
    }

    [Fact]
    public void NormOutliers_WideSpread_IsUndecidable()
    {
        var outliers = NormOutliers.Of([1, 50, 100, 150, 200], [true, true, true, true, true]);

        Assert.Equal(1.33549, outliers.Indices[0], 5);
        Assert.Equal(1.34898, outliers.Ceiling, 5);
        Assert.True(outliers.CutNorm < 0);
        Assert.True(outliers.Undecidable);

        var verdict = outliers.Verdict(flagged: false, NormRule.Paper);
        Assert.Equal((Decision.NotDecidable, UndecidedReason.NormCeiling), (verdict.Decision, verdict.Reason));
        Assert.Equal(1.34898, verdict.Figures["index-ceiling"], 5);
        Assert.Equal(
            "Not decidable: with this spread of norms even a norm of zero would reach an index of 1.3 only, and the rule flags above 2.",
            VerdictWords.Sentence(verdict)
        );
    }

    [Fact]
    public void NormOutliers_WideSpread_HindersNeitherTheRuleOnLogsNorAFlag()
    {
        var outliers = NormOutliers.Of([1, 50, 100, 150, 200], [true, true, true, true, true]);

        Assert.Equal(Decision.Flagged, outliers.Verdict(flagged: true, NormRule.LogNorm).Decision);
        Assert.Equal(Decision.NotFlagged, outliers.Verdict(flagged: false, NormRule.LogNorm).Decision);
        Assert.Equal(
            outliers.LogIndices[0],
            outliers.Verdict(flagged: false, NormRule.LogNorm).Figures["log-anomaly-index"]
        );
        Assert.Equal(
            Decision.NotFlagged,
            NormOutliers
                .Of([50, 55, 60, 70, 80], [true, true, true, true, true])
                .Verdict(flagged: false, NormRule.Paper)
                .Decision
        );
    }

    [Fact]
    public void NormOutliers_OfHonestClassesThatLieClose_RaisesNoAlarmOnLogs()
    {
        // A benign network's norms: the paper's index of the smallest is 3.7 only because the other nine hardly differ.
        var outliers = NormOutliers.Of(
            [55.9, 52.7, 57.3, 50.9, 41.0, 61.8, 54.1, 56.3, 37.9, 34.9],
            [.. Enumerable.Repeat(true, 10)]
        );

        Assert.Equal(9, outliers.Smallest);
        Assert.True(outliers.Indices[9] > 3);
        // ln(53.4 / 34.9) / 0.25.
        Assert.Equal(1.7014, outliers.LogIndices[9], 3);
    }

    [Fact]
    public void NormOutliers_WithoutSpread_StaysFinite()
    {
        var outliers = NormOutliers.Of([1, 5, 5, 5], [true, true, true, true]);

        Assert.Equal([1000, 0, 0, 0], outliers.Indices);
        Assert.Equal(1000, outliers.Ceiling);
    }

    [Fact]
    public void NormOutliers_SmallestWithoutWorkingTrigger_IsPassedOver() =>
        Assert.Equal(2, NormOutliers.Of([1, 50, 40, 60], [false, true, true, true]).Smallest);

    [Fact]
    public void PromiseSchedule_Run_OnlyTheSmallestAtTheBaseGoOnWithFullBatches()
    {
        Shrinking[] searches = [new(100, 0.5), new(80, 0.5), new(60, 0.5), new(90, 0.5)];
        var finalists = new PromiseSchedule(rounds: 5, baseRounds: 2, finalists: 2).Run(
            searches,
            batchSize: 10,
            (_, _) => { }
        );

        Assert.Equal([false, true, true, false], finalists);
        Assert.Equal([3, 3], searches[0].Batches);
        Assert.Equal([3, 3, 10, 10, 10], searches[2].Batches);
    }

    [Fact]
    public void PromiseSchedule_Run_ConvergedSearchStopsAndAFinalistMayConvergeOnceMore()
    {
        Shrinking[] searches = [new(100, 0.5) { Enough = 1 }, new(80, 0.5) { Enough = 1 }, new(60, 0.5)];
        new PromiseSchedule(rounds: 5, baseRounds: 2, finalists: 2).Run(searches, batchSize: 8, (_, _) => { });

        Assert.Equal(
            [
                [2],
                [2, 8],
                [2, 2, 8, 8, 8],
            ],
            searches.Select(search => search.Batches)
        );
    }

    [Fact]
    public void AdaptiveCost_Resumed_TakesItsStopPatienceOnceMore()
    {
        var cost = new AdaptiveCost(initial: 1, threshold: 0.9, patience: 1, multiplier: 2, stopPatience: 3);
        double[] successes = [1, 1, 0, 1, 1, 1];
        Array.ForEach(successes, success => cost.Observe(success, norm: 5));
        Assert.True(cost.Converged);

        cost.Resume();

        Assert.Equal(
            [false, false, true],
            Enumerable
                .Range(0, 3)
                .Select(_ =>
                {
                    cost.Observe(1, norm: 5);
                    return cost.Converged;
                })
        );
    }

    [Fact]
    public void PromiseSchedule_AtEqualEffort_StoppedNormsShrinkAsTheMedianFinalistDid()
    {
        // One round after the base round of norms 90, 50, 60, 70 the finalists' norms are at 0.1, 0.5 and 0.8 of what
        // they were.
        Shrinking[] searches = [new(90, 1), new(50, 0.1), new(60, 0.5), new(70, 0.8)];
        var finalists = new PromiseSchedule(rounds: 2, baseRounds: 1, finalists: 3).Run(
            searches,
            batchSize: 4,
            (_, _) => { }
        );

        Assert.Equal([45, 5, 30, 56], PromiseSchedule.AtEqualEffort(searches, finalists));
    }

    /// <summary>The norm starts at a value and shrinks by a factor each round.</summary>
    private sealed class Shrinking(double start, double factor) : IClassSearch
    {
        private readonly List<double> _norms = [];
        private int _resumed;

        internal List<int> Batches { get; } = [];

        internal int Enough { get; init; } = int.MaxValue;

        public IReadOnlyList<double> Norms => _norms;

        public bool Converged => _norms.Count - _resumed >= Enough;

        public void Resume() => _resumed = _norms.Count;

        public void Settle() { }

        public void Advance(int batchSize)
        {
            Batches.Add(batchSize);
            _norms.Add(_norms.Count == 0 ? start : _norms[^1] * factor);
        }
    }
}
