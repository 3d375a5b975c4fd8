using System.Text.Json.Nodes;
using BackdoorLab.Data;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Studies;
using BackdoorLab.Web.Features.Studies;
using BackdoorLab.Web.Jobs;
using BackdoorLab.Web.Tests.Support;
using Bunit;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Web.Tests.Features.Studies;

public sealed class StudyPageTests : IAsyncLifetime
{
    private readonly LabContext _lab = new();

    public Task InitializeAsync() => _lab.InitializeAsync();

    public Task DisposeAsync() => ((IAsyncLifetime)_lab).DisposeAsync();

    [Fact]
    public void Studies_None_OffersTheTemplatesWithTheirCost()
    {
        var page = _lab.Open<StudyList>("/studies");

        page.WaitForAssertion(() => Assert.Contains("No study yet", page.Markup, StringComparison.Ordinal));
        page.WaitForAssertion(() => Assert.DoesNotContain("estimating", page.Markup, StringComparison.Ordinal));
        Assert.Contains("10 runs", page.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_ATemplate_QueuesItsRunsAndOpensTheStudy()
    {
        var page = _lab.Open<StudyList>("/studies");
        var name = StudyTemplates.QuantizationBlindspots.Spec.Name;

        page.WaitForAssertion(() => Assert.DoesNotContain("estimating", page.Markup, StringComparison.Ordinal));
        await Click(page, button => button.GetAttribute("aria-label") == $"Start {name}");

        var study = Assert.Single(await _lab.Studies.ListAsync());
        Assert.Equal((name, 6, 6), (study.Name, study.Total, study.Count(RunState.Queued)));
        Assert.Equal(6, _lab.Jobs.Created.Count);
        Assert.EndsWith($"/studies/{study.Id}", _lab.Address, StringComparison.Ordinal);
    }

    [Fact]
    public void Study_Unknown_SaysSo()
    {
        var page = _lab.Open<StudyPage>("/studies/none", parameters => parameters.Add(one => one.Id, "none"));

        page.WaitForAssertion(() => Assert.Contains("There is no study none", page.Markup, StringComparison.Ordinal));
    }

    [Fact]
    public async Task News_OfOtherRuns_LeaveTheReportAsItIs()
    {
        var id = await Submit();
        var feed = _lab.Services.GetRequiredService<RunFeed>();
        var reports = _lab.Services.GetRequiredService<StudyReports>();
        var news = new StudyNews(feed);
        var study = await news.Read(null, () => reports.FindAsync(id));
        Assert.False(news.Any(study));

        feed.Changed("another");
        feed.Report(study!.Runs[0].Id, new("Training", "k", 1, 2, "epochs", 0.5, null, DateTime.UtcNow));
        Assert.False(news.Any(study));

        feed.Changed(study.Runs[0].Id);
        Assert.True(news.Any(study));
        study = await news.Read(study, () => reports.FindAsync(id));
        Assert.False(news.Any(study));
    }

    [Fact]
    public async Task News_ThatComeWhileAStudyIsRead_MakeItReadAgain()
    {
        var id = await Submit();
        var feed = _lab.Services.GetRequiredService<RunFeed>();
        var reports = _lab.Services.GetRequiredService<StudyReports>();
        var news = new StudyNews(feed);

        var study = await news.Read(null, () => Interrupted("another"));
        Assert.True(news.Any(study));
        study = await news.Read(study, () => Interrupted("another"));
        Assert.False(news.Any(study));
        study = await news.Read(study, () => Interrupted(study!.Runs[0].Id));
        Assert.True(news.Any(study));

        async Task<StudyView?> Interrupted(string run)
        {
            var read = await reports.FindAsync(id);
            feed.Changed(run);
            return read;
        }
    }

    [Fact]
    public async Task Report_OfRecordedRuns_CountsThem()
    {
        var id = await Submit();
        var runs = (await _lab.Studies.FindAsync(id))!.Runs.Select(run => run.Run.Id).ToList();
        await Record(runs[0], flagged: true);
        await Record(runs[1], flagged: false);

        var view = (await _lab.Services.GetRequiredService<StudyReports>().FindAsync(id))!;

        var cell = view.Report.Settings.Single().Find("float32", "neural-cleanse")!;
        Assert.Equal((0.5, 2), (cell.Values["detection-rate"].Value, cell.Values["detection-rate"].N));
        Assert.Equal(runs, cell.Outcomes.Select(outcome => outcome.Run).Distinct());
        Assert.Equal(5, view.Report.Seconds["neural-cleanse"]);
    }

    [Fact]
    public async Task Cancel_AStudy_StopsItsRunsAndOffersToResume()
    {
        var id = await Submit();
        var page = _lab.Open<StudyPage>($"/studies/{id}", parameters => parameters.Add(one => one.Id, id));
        page.WaitForAssertion(() => Assert.Contains("0 of 2 done, 2 waiting", page.Markup, StringComparison.Ordinal));

        await Click(page, button => button.TextContent.Trim() == "Cancel");
        page.WaitForAssertion(() => Assert.Contains("Resume 2 runs", page.Markup, StringComparison.Ordinal));
        await Click(page, button => button.TextContent.Trim() == "Resume 2 runs");

        page.WaitForAssertion(() => Assert.Contains("0 of 2 done, 2 waiting", page.Markup, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Pause_AStudy_KeepsItsRunsFromStartingUntilItGoesOn()
    {
        var id = await Submit();
        var page = _lab.Open<StudyPage>($"/studies/{id}", parameters => parameters.Add(one => one.Id, id));
        page.WaitForAssertion(() => Assert.Contains("0 of 2 done, 2 waiting", page.Markup, StringComparison.Ordinal));

        await Click(page, button => button.TextContent.Trim() == "Pause");

        page.WaitForAssertion(() =>
            Assert.Equal(["Ⅱ", "Ⅱ"], page.FindAll(".state-tile").Select(tile => tile.TextContent))
        );
        Assert.Null(
            await _lab.Services.GetRequiredService<RunLeases>().ClaimNextAsync("w", DateTime.UtcNow.AddMinutes(1))
        );
        await Click(page, button => button.TextContent.Trim() == "Go on");
        page.WaitForAssertion(() =>
            Assert.Equal(["·", "·"], page.FindAll(".state-tile").Select(tile => tile.TextContent))
        );
        Assert.Equal(4, _lab.Jobs.Created.Count);
    }

    [Fact]
    public async Task Failures_OfOneCause_AreRetriedTogether()
    {
        var id = await Submit();
        var leases = _lab.Services.GetRequiredService<RunLeases>();
        for (var step = 7; step < 9; step++)
        {
            var run = (await leases.ClaimNextAsync("w", DateTime.UtcNow.AddMinutes(1)))!;
            await leases.FinishAsync(
                run.Id,
                "w",
                new RunEnd(RunState.Failed, $"The loss is NaN after step {step}.\nmore")
            );
        }

        var page = _lab.Open<StudyPage>($"/studies/{id}", parameters => parameters.Add(one => one.Id, id));
        page.WaitForAssertion(() =>
            Assert.Contains("The loss is NaN after step", page.Markup, StringComparison.Ordinal)
        );
        await Click(page, button => button.TextContent.Trim() == "Retry these");

        page.WaitForAssertion(() => Assert.Contains("0 of 2 done, 2 waiting", page.Markup, StringComparison.Ordinal));
    }

    [Fact]
    public async Task NewStudy_WithAnotherAttackOnTheAxis_QueuesEveryCombination()
    {
        var page = _lab.Open<NewStudyPage>("/studies/new");
        page.WaitForAssertion(() => Assert.Contains("3 seeds = 3 runs", page.Markup, StringComparison.Ordinal));

        await Click(page, button => button.TextContent.Trim() == "Blended");
        page.WaitForAssertion(() =>
            Assert.Contains("2 attacks × 3 seeds = 6 runs", page.Markup, StringComparison.Ordinal)
        );
        await Click(page, button => button.TextContent.Trim() == "Start 6 runs");

        page.WaitForAssertion(() => Assert.Equal(6, _lab.Jobs.Created.Count));
        Assert.Equal(6, Assert.Single(await _lab.Studies.ListAsync()).Count(RunState.Queued));
    }

    // Found and clicked on the page's own thread: it renders again every second.
    private static Task Click<TPage>(IRenderedComponent<TPage> page, Func<AngleSharp.Dom.IElement, bool> which)
        where TPage : Microsoft.AspNetCore.Components.IComponent =>
        page.InvokeAsync(() => page.FindAll("button").Single(which).ClickAsync(new()));

    private Task<string> Submit()
    {
        var experiment = TinySpec.Short with { Precisions = [new Float32()], Defenses = [new NeuralCleanse()] };
        var study = new StudySpec
        {
            Name = "two seeds",
            Seeds = [1, 2],
            Experiment = JsonNode.Parse(SpecJson.Write(experiment))!.AsObject(),
        };
        return _lab.Services.GetRequiredService<RunQueue>().SubmitStudyAsync(study, _ => 60);
    }

    private async Task Record(string runId, bool flagged)
    {
        var leases = _lab.Services.GetRequiredService<RunLeases>();
        var key = new CellId(Victim.Backdoored, "float32", "neural-cleanse");
        Assert.True(await leases.TryClaimAsync(runId, 1, "sample", DateTime.UtcNow.AddMinutes(5)));
        Assert.True(
            await _lab
                .Services.GetRequiredService<RunRecording>()
                .RecordAsync(
                    runId,
                    1,
                    new RunChanges
                    {
                        Plan = new RunPlan(
                            [new PlannedStage("k", "defend", "Neural Cleanse", 1, "neural-cleanse")],
                            [key],
                            new Dictionary<string, string>(),
                            1
                        ),
                    }
                )
        );
        Assert.True(
            await _lab
                .Services.GetRequiredService<RunRecording>()
                .RecordAsync(
                    runId,
                    1,
                    new RunChanges
                    {
                        Stages = [new StageChange("k", StageState.Done, Seconds: 5)],
                        Cells =
                        [
                            new CellResult
                            {
                                Id = key,
                                Outcome = Outcome.Value,
                                Verdict = Verdict.Of(flagged),
                                Measurements =
                                [
                                    new("detection-rate", flagged ? 1 : 0, 1),
                                    new("detector-score", flagged ? 3 : 1),
                                ],
                            },
                        ],
                    }
                )
        );
        Assert.True(await leases.FinishAsync(runId, "sample", new RunEnd(RunState.Succeeded)));
    }
}
