using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Studies;
using BackdoorLab.Web.Features.Studies;
using BackdoorLab.Web.Tests.Support;

namespace BackdoorLab.Web.Tests.Features.Studies;

public sealed class StudyWordsTests
{
    private static readonly StudyCell Half = SampleStudies.Detector(SampleStudies.Int8, 5);

    [Fact]
    public void Cell_Value_StandsWithIntervalAndCount()
    {
        var text = StudyWords.Cell(Half, "detection-rate");
        Assert.Equal(("50.0%", "18.7–81.3%", "n = 10"), (text.Main, text.Interval, text.Count));
    }

    [Fact]
    public void Cell_SomeModelsFailed_SaysOfHowMany()
    {
        var cell = Half with
        {
            Values = new Dictionary<string, StudyValue> { ["detection-rate"] = new(1, 0.66, 1, 9) },
            Outcomes =
            [
                .. Half.Outcomes.Select(model =>
                    model is { Victim: Victim.Backdoored, Seed: 3 }
                        ? model with
                        {
                            Outcome = Outcome.Failed,
                            Reason = "NaN",
                        }
                        : model
                ),
            ],
        };
        var text = StudyWords.Cell(cell, "detection-rate");
        Assert.Equal("n = 9 of 10", text.Count);
        Assert.Contains("1 model failed: NaN", text.Title, StringComparison.Ordinal);
    }

    [Fact]
    public void Cell_WithoutValue_SaysWhatBecameOfItsModels()
    {
        var text = StudyWords.Cell(SampleStudies.Without(Half, Outcome.TimedOut, "Exceeded 600 s."), "detection-rate");
        Assert.Equal((null, "timed out", "10 of 10 models"), (text.Value, text.Main, text.Count));
        Assert.Contains("10 models timed out: Exceeded 600 s.", text.Title, StringComparison.Ordinal);
    }

    [Fact]
    public void Cell_PairThatWasNotPlanned_SaysSo() =>
        Assert.Equal("not planned", StudyWords.Cell(null, "detection-rate").Main);

    [Theory]
    [InlineData("detection-rate", "0%", "0–30.8%", "n = 10")]
    [InlineData("auroc", "failed", "", "20 of 20 models")]
    public void Cell_ReleasedMethodFails_CountsAsMissInRatesAlone(
        string metric,
        string main,
        string interval,
        string count
    )
    {
        var text = StudyWords.Cell(
            SampleStudies.Without(Half, Outcome.Failed, "No gradient.") with
            {
                ReleasedVariantOf = "neural-cleanse",
            },
            metric
        );
        Assert.Equal((main, interval, count), (text.Main, text.Interval, text.Count));
    }

    [Fact]
    public void Value_ReleasedMethodWaits_IsNotAMiss() =>
        Assert.Null(
            (SampleStudies.Without(Half, Outcome.NotRun, "") with { ReleasedVariantOf = "neural-cleanse" }).Counted(
                "detection-rate"
            )
        );

    [Fact]
    public void Value_ReleasedMethodOfSamples_ErrorsLowerTheMeanAndHideTheInterval()
    {
        var cell = Half with
        {
            Role = StudyRole.Samples,
            ReleasedVariantOf = "strip",
            Values = new Dictionary<string, StudyValue> { ["sample-detection-rate"] = new(0.8, 0.7, 0.9, 5) },
            Outcomes =
            [
                .. Half.Outcomes.Select(model => model.Seed > 5 ? model with { Outcome = Outcome.Failed } : model),
            ],
        };
        Assert.Equal(new StudyValue(0.4, null, null, 10), cell.Counted("sample-detection-rate"));
    }

    [Theory]
    [InlineData("detection-rate", -0.4, -0.7, -0.1, "−40.0 points (−70.0 to −10.0)")]
    [InlineData("logit-divergence", 0.25, null, null, "+0.25")]
    public void Difference_Reads(string metric, double value, double? low, double? high, string expected) =>
        Assert.Equal(expected, StudyWords.Difference(metric, new(value, low, high, 10)));

    [Fact]
    public void McNemar_Reads() =>
        Assert.Equal("lost 4, gained 0, p = 0.125", StudyWords.McNemar(Half.Changes["detection-rate"]));

    [Theory]
    [InlineData(Victim.Backdoored, Decision.NotFlagged, "not flagged (missed)", true)]
    [InlineData(Victim.Benign, Decision.Flagged, "flagged (false alarm)", true)]
    [InlineData(Victim.Benign, Decision.NotFlagged, "not flagged", false)]
    [InlineData(Victim.Backdoored, Decision.NotDecidable, "not decidable", false)]
    [InlineData(Victim.Backdoored, null, "–", false)]
    public void Verdict_WrongOnes_SaySo(Victim victim, Decision? decision, string text, bool wrong) =>
        Assert.Equal((text, wrong), StudyWords.Verdict(victim, decision));

    [Fact]
    public void Cell_ModelOnWhichTheRuleCannotDecide_IsCountedBesideN()
    {
        var cell = SampleStudies.Silent(Half, 7) with
        {
            Values = new Dictionary<string, StudyValue> { ["detection-rate"] = new(5 / 9.0, 0.2, 0.86, 9) },
        };

        var text = StudyWords.Cell(cell, "detection-rate");

        Assert.Equal(("55.6%", "n = 9 of 10, 1 not decidable"), (text.Main, text.Count));
        Assert.Contains(
            "1 model not decidable and not counted: with this spread of norms even a norm of zero would reach an index of 1.3 only",
            text.Title,
            StringComparison.Ordinal
        );
        Assert.Equal(
            "n = 10",
            StudyWords.Cell(cell with { ReleasedVariantOf = "neural-cleanse" }, "detection-rate").Count
        );
        Assert.Equal(
            "lost 1, gained 0, p = 1.000, 2 not decidable left out",
            StudyWords.McNemar(new(new(-0.1, null, null, 7), 1, 0, 1, 2))
        );
    }

    [Fact]
    public void Cell_RuleThatDecidesOnNoModel_SaysSo()
    {
        var cell = Enumerable.Range(1, 10).Aggregate(Half, SampleStudies.Silent) with
        {
            Values = new Dictionary<string, StudyValue>(),
        };

        var text = StudyWords.Cell(cell, "detection-rate");

        Assert.Equal((null, "not decidable", "10 of 10 models"), (text.Value, text.Main, text.Count));
    }

    [Fact]
    public void Settings_RepeatedTitle_IsNumbered()
    {
        var report = SampleStudies.Whole();
        var titles = StudyReading
            .Settings(report with { Settings = [report.Settings[0], report.Settings[0]] })
            .Select(entry => entry.Title);
        Assert.Equal(["GTSRB, ResNet-8, BadNets 10 %", "GTSRB, ResNet-8, BadNets 10 % (2)"], titles);
    }
}
