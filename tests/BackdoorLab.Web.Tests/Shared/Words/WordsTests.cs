using BackdoorLab.Data;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Shared.Specs;
using BackdoorLab.Web.Shared.Words;

namespace BackdoorLab.Web.Tests.Shared.Words;

public sealed class WordsTests
{
    private static readonly DateTime Noon = new(2026, 5, 1, 12, 0, 0, DateTimeKind.Utc);

    [Theory]
    [InlineData(0, "0%")]
    [InlineData(0.0004, "<0.1%")]
    [InlineData(0.041, "4.1%")]
    [InlineData(0.9996, ">99.9%")]
    [InlineData(1, "100%")]
    public void Percent_NeverLooksLikeMoreThanItIs(double share, string expected) =>
        Assert.Equal(expected, Numbers.Percent(share));

    [Theory]
    [InlineData("clean-accuracy", 0.5, "50.0%")]
    [InlineData("anomaly-index", 2.137, "2.137")]
    [InlineData("target-label-hit", 1, "yes")]
    [InlineData("overhead-seconds", 75, "1 min 15 s")]
    [InlineData("peak-memory", 1073741824, "1.0 GB")]
    public void Format_FollowsTheMetricsUnit(string metric, double value, string expected) =>
        Assert.Equal(expected, Numbers.Format(metric, value));

    [Theory]
    [InlineData("target-label-hit", 0.025, 1, "2.5% to 100%")]
    [InlineData("clean-accuracy", 0.5, 0.75, "50.0% to 75.0%")]
    public void Interval_OfAYesOrNo_IsThatOfAShare(string metric, double low, double high, string expected) =>
        Assert.Equal(expected, Numbers.Interval(metric, low, high));

    [Theory]
    [InlineData(0.4, "<1 s")]
    [InlineData(59.7, "1 min")]
    [InlineData(200, "3 min 20 s")]
    [InlineData(3700, "1 h 2 min")]
    public void Duration_Reads(double seconds, string expected) => Assert.Equal(expected, TimeWords.Duration(seconds));

    [Fact]
    public void Matrix_ErrorsOfSomeRuns_AreCountedBesideTheMeanNotInIt()
    {
        var cell = Cell(0.9, 2, new() { [Outcome.Value] = 2, [Outcome.Failed] = 1 }) with
        {
            Value = new(2, 0.9, 0.02, 0.88, 0.92, 0),
        };
        var text = MatrixWords.Of(cell, "detection-rate");
        Assert.Equal("90.0%", text.Main);
        Assert.Equal("± 2.0, n = 2", text.Detail);
        Assert.Contains("1 failed", text.Title, StringComparison.Ordinal);
    }

    [Fact]
    public void Matrix_ValueWithoutThisMetric_IsNotCalledNotRun()
    {
        var text = MatrixWords.Of(Cell(null, 0, new() { [Outcome.Value] = 3, [Outcome.NotRun] = 1 }), "detection-rate");
        Assert.Equal("no number", text.Main);
    }

    [Fact]
    public void Matrix_PairThatNoRunPlanned_SaysSo() =>
        Assert.Equal("not planned", MatrixWords.Of(null, "detection-rate").Main);

    [Fact]
    public void Headline_ModelDetector_GivesTheVerdictAndAlarmsWhenWrong()
    {
        var missed = CellWords.Headline(
            Row(Victim.Backdoored, ("detector-score", 1.4), ("detector-threshold", 2)) with
            {
                Verdict = Said(Decision.NotFlagged),
            }
        );
        Assert.Equal(("not flagged", true), (missed[0].Text, missed[0].Alarm));
        Assert.Equal("1.4 / 2", missed[1].Text);
        var falseAlarm = CellWords.Headline(
            Row(Victim.Benign, ("detector-score", 2.4), ("detector-threshold", 2)) with
            {
                Verdict = Said(Decision.Flagged),
            }
        );
        Assert.Equal(("flagged", true), (falseAlarm[0].Text, falseAlarm[0].Alarm));
        var silent = CellWords.Headline(
            Row(Victim.Backdoored, ("detector-score", 1.1)) with
            {
                Verdict = Said(Decision.NotDecidable) with { Reason = UndecidedReason.NoSpread },
            }
        );
        Assert.Equal(("not decidable", false), (silent[0].Text, silent[0].Alarm));
        Assert.StartsWith(
            "Not decidable: all norms in the middle are equal",
            silent[0].Title,
            StringComparison.Ordinal
        );
    }

    private static Verdict Said(Decision decision) => new() { Decision = decision };

    [Fact]
    public void Outlook_CountsDownFromTheLastNews()
    {
        var run = Run() with { Heartbeat = Noon.AddSeconds(-10), EtaSeconds = 60, Fraction = 0.5 };
        Assert.Equal(50, RunOutlook.Of(run, null, Noon).EtaSeconds);
        Assert.Null(RunOutlook.Of(run, null, Noon).SilentSeconds);
    }

    [Fact]
    public void Outlook_LongSilence_IsSaidInsteadOfAFrozenEstimate()
    {
        var run = Run() with { Heartbeat = Noon.AddSeconds(-200), EtaSeconds = 60 };
        Assert.Equal("no news for 3 min 20 s", RunOutlook.Of(run, null, Noon).Outlook);
    }

    [Theory]
    [InlineData("strip", "STRIP")]
    [InlineData("neural-cleanse[rounds=40,batchSize=32]", "Neural Cleanse (rounds 40, batch size 32)")]
    [InlineData("unknown-thing", "unknown-thing")]
    [InlineData("unknown-thing[a=b,c=d]", "unknown-thing (a b, c d)")]
    public void Label_ReadsLikeAName(string label, string expected) => Assert.Equal(expected, KindWords.Label(label));

    [Fact]
    public void About_OfEveryKindOfMethod_IsASentence() =>
        Assert.All(
            BackdoorLab.Engine.Core.MethodCatalog.Default.All.Select(method => method.Kind).Distinct(),
            kind => Assert.EndsWith(".", KindWords.About(kind), StringComparison.Ordinal)
        );

    [Fact]
    public void Urls_EmptyValuesAreLeftOutAndOthersEscaped() =>
        Assert.Equal(
            "/runs?q=a%20%26%20b&page=2",
            LabUrls.With("/runs", ("q", "a & b"), ("state", ""), ("model", null), ("page", 2))
        );

    [Fact]
    public void Urls_Compare_NamesTheRunsInOrder() => Assert.Equal("/compare?ids=b,a", LabUrls.Compare(["b", "a"]));

    [Fact]
    public void Draft_Blank_IsAValidSpecOfTheFirstMethods()
    {
        var draft = SpecDraft.Blank();
        Assert.Empty(draft.Faults);
        Assert.NotNull(draft.Spec);
    }

    [Fact]
    public void Draft_ChoosingAnotherAttack_KeepsWhatBothHave()
    {
        var draft = SpecDraft.From(Presets.Demo.Spec);
        draft.Set("attack.poisonRate", 0.25);
        draft.Choose("attack", BackdoorLab.Engine.Core.MethodCatalog.Default.Find("blended")!);
        Assert.Equal(0.25, draft.Spec!.Attack.PoisonRate);
        Assert.Equal("blended", draft.Method("attack")!.Id);
    }

    [Fact]
    public void Draft_TwoVariantsOfAMethod_AreEqualUntilOneDiffers()
    {
        var draft = SpecDraft.From(Presets.Demo.Spec);
        draft.Add("defenses", BackdoorLab.Engine.Core.MethodCatalog.Default.Find("strip")!);
        var entries = draft.Entries("defenses", "strip");
        Assert.Equal(2, entries.Count);
        draft.Set($"defenses[{entries[0]}].overlays", 30);
        draft.Set($"defenses[{entries[1]}].overlays", 20);
        Assert.Empty(draft.Faults);
        draft.Remove("defenses", entries[1]);
        Assert.Single(draft.Entries("defenses", "strip"));
    }

    private static RunItem Run() =>
        new()
        {
            Id = "0123456789ab",
            Name = "r",
            State = RunState.Running,
            Dataset = "d",
            Model = "m",
            Attack = "a",
            ConfigHash = "h",
        };

    private static CellResult Row(Victim victim, params (string Metric, double Value)[] numbers) =>
        new()
        {
            Id = new(victim, "float32", "neural-cleanse"),
            Outcome = Outcome.Value,
            Measurements = [.. numbers.Select(number => new Measurement(number.Metric, number.Value))],
        };

    private static MatrixCell Cell(double? mean, int n, Dictionary<Outcome, int> outcomes) =>
        new()
        {
            Defense = "strip",
            Precision = "float32",
            Value = mean is { } value ? new(n, value, null, value, value, 0) : null,
            Outcomes = outcomes,
            Reasons = [],
            Notes = [],
            RunIds = ["0123456789ab"],
        };
}
