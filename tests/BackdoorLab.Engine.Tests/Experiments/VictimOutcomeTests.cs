using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Engine.Tests.Experiments;

public sealed class VictimOutcomeTests
{
    private static readonly Share Good = new(900, 1000);

    private static readonly Share Chance = new(100, 1000);

    // Exact 95 % intervals of 1,000 images: 100 hits give 8.2 to 12.0 %, 121 give 10.1 to 14.3 %, 119 give 10.0 (9.96)
    // to 14.1 %.
    [Theory]
    [InlineData(100, TrainingOutcome.NotLearned)]
    [InlineData(119, TrainingOutcome.NotLearned)]
    [InlineData(121, TrainingOutcome.Sound)]
    [InlineData(0, TrainingOutcome.NotLearned)]
    public void Of_CleanAccuracyAroundChance_LearntWhenTheIntervalLiesAboveIt(int hits, TrainingOutcome expected)
    {
        var outcome = Assert.Single(VictimOutcome.Of([Cell(Victim.Benign, new(hits, 1000), null)]));

        Assert.Equal((Victim.Benign, expected), (outcome.Victim, outcome.Outcome));
        Assert.Equal(expected != TrainingOutcome.Sound, outcome.Remark.Length > 0);
    }

    // Of 1,000 images, 30 hits give 2.0 to 4.3 %, 60 give 4.6 to 7.7 %, 50 give 3.7 to 6.5 %.
    [Theory]
    [InlineData(60, 30, TrainingOutcome.Sound)]
    [InlineData(50, 30, TrainingOutcome.BackdoorNotTaken)]
    [InlineData(30, 30, TrainingOutcome.BackdoorNotTaken)]
    public void Of_AttackSuccessBesideATwin_TookWhenTheIntervalsDoNotMeet(int hits, int twin, TrainingOutcome expected)
    {
        var outcomes = VictimOutcome.Of([
            Cell(Victim.Backdoored, Good, new(hits, 1000)),
            Cell(Victim.Benign, Good, new(twin, 1000)),
        ]);

        Assert.Equal([expected, TrainingOutcome.Sound], outcomes.Select(outcome => outcome.Outcome));
        Assert.Equal(twin / 1000.0, outcomes[0].TwinAttackSuccessRate!.Value);
    }

    // That an aggregation keeps the backdoor out is what such a run measures.
    [Fact]
    public void Of_AFederationThatKeptTheBackdoorOut_IsSound()
    {
        CellResult[] cells = [Cell(Victim.Backdoored, Good, new(10, 1000))];

        Assert.Equal(TrainingOutcome.BackdoorNotTaken, Assert.Single(VictimOutcome.Of(cells)).Outcome);
        Assert.Equal(TrainingOutcome.Sound, Assert.Single(VictimOutcome.Of(cells, trainingDefends: true)).Outcome);
    }

    [Theory]
    [InlineData(119, TrainingOutcome.BackdoorNotTaken)]
    [InlineData(121, TrainingOutcome.Sound)]
    public void Of_AttackSuccessWithoutATwinThatLearnt_IsComparedWithChance(int hits, TrainingOutcome expected)
    {
        var alone = VictimOutcome.Of([Cell(Victim.Backdoored, Good, new(hits, 1000))]);
        var broken = VictimOutcome.Of([
            Cell(Victim.Backdoored, Good, new(hits, 1000)),
            Cell(Victim.Benign, Chance, new(1000, 1000)),
        ]);

        Assert.Equal(expected, alone[0].Outcome);
        Assert.Equal([expected, TrainingOutcome.NotLearned], broken.Select(outcome => outcome.Outcome));
        Assert.Null(broken[0].TwinAttackSuccessRate);
    }

    [Fact]
    public void Of_AModelThatAlwaysSaysTheTarget_DidNotLearnWhateverItsAttackSuccess() =>
        Assert.Equal(
            TrainingOutcome.NotLearned,
            Assert.Single(VictimOutcome.Of([Cell(Victim.Backdoored, Chance, new(1000, 1000))])).Outcome
        );

    // A backdoor that waits for the precision, and a precision that breaks the network.
    [Fact]
    public void Of_SeveralPrecisions_TheBestOneCounts()
    {
        CellResult[] hidden =
        [
            Cell(Victim.Backdoored, Good, new(20, 1000)),
            Cell(Victim.Backdoored, Good, new(950, 1000), "int8"),
        ];
        CellResult[] crushed =
        [
            Cell(Victim.Backdoored, Good, new(950, 1000)),
            Cell(Victim.Backdoored, Chance, new(1000, 1000), "int4"),
        ];

        Assert.Equal(("int8", TrainingOutcome.Sound), Best(hidden));
        Assert.Equal(("float32", TrainingOutcome.Sound), Best(crushed));

        static (string, TrainingOutcome) Best(CellResult[] cells) =>
            VictimOutcome.Of(cells) is [var one] ? (one.Precision, one.Outcome) : throw new InvalidOperationException();
    }

    [Fact]
    public void Of_WithoutNumbers_NothingIsSaid()
    {
        var none = new CellResult
        {
            Id = new(Victim.Backdoored, "float32", null),
            Outcome = Outcome.NotRun,
            Reason = "the loss is not a number",
        };
        var unknown = Cell(Victim.Backdoored, Good, null);

        Assert.All(
            VictimOutcome.Of([none]).Concat(VictimOutcome.Of([unknown])),
            outcome =>
            {
                Assert.Equal(TrainingOutcome.NotMeasured, outcome.Outcome);
                Assert.Empty(outcome.Remark);
            }
        );
        Assert.Empty(VictimOutcome.Of([none with { Id = none.Id with { Defense = "strip" } }]));
    }

    [Fact]
    public void Remark_OfAVictimThatFailed_SaysWithWhichNumbers()
    {
        var (lost, dormant) = (
            VictimOutcome.Of([Cell(Victim.Backdoored, Chance, new(0, 900))])[0],
            VictimOutcome.Of([Cell(Victim.Backdoored, Good, new(0, 900))])[0]
        );

        Assert.Equal(
            "the backdoored model did not learn: its clean accuracy, 10.0 % of 1000 images (95 % interval 8.2 to 12.0 %), cannot be told from chance, "
                + "10.0 % (always the most frequent class); its numbers say nothing of an attack or a defense",
            lost.Remark
        );
        Assert.Equal(
            "the backdoor did not take: attack success, 0.0 % of 900 images (95 % interval 0.0 to 0.4 %), is not above chance, 10.0 %; "
                + "what defenses say of this model is neither a hit nor a miss",
            dormant.Remark
        );
        Assert.Empty(VictimOutcome.Of([Cell(Victim.Suspect, Chance, null)])[0].Remark);
    }

    private static CellResult Cell(Victim victim, Share clean, Share? success, string precision = "float32") =>
        new()
        {
            Id = new(victim, precision, null),
            Outcome = Outcome.Value,
            Measurements =
            [
                clean.As(Metric.CleanAccuracy),
                new(Metric.ChanceAccuracy.Id, 0.1, 1000),
                .. success is { } share ? [share.As(Metric.AttackSuccessRate)] : Array.Empty<Measurement>(),
            ],
        };
}
