namespace BackdoorLab.Data.Tests.Studies;

public sealed class StudyTests : LabTest
{
    [Fact]
    public async Task CreateStudy_QueuesItsRunsInOrder()
    {
        var (studyId, runs) = await Lab.Studies.CreateAsync(
            "blindspots",
            "{}",
            [Samples.Content(seed: 1), Samples.Content(seed: 2)]
        );

        Assert.Equal(runs.Select(run => run.Id), (await Lab.Queue.QueueAsync()).Select(run => run.Id));
        var item = (await Lab.StudyQueries.FindItemAsync(studyId))!;
        Assert.Equal(("blindspots", 2, 2, true), (item.Name, item.Total, item.Count(RunState.Queued), item.IsActive));
        Assert.Equal(item.Id, (await Lab.ItemAsync(runs[0].Id)).StudyId);
    }

    [Fact]
    public async Task FindStudy_WithARecordedRun_HasItsNumbersAndStages()
    {
        var (studyId, runs) = await Lab.Studies.CreateAsync(
            "s",
            """{"a":1}""",
            [Samples.Content(seed: 1), Samples.Content(seed: 2)]
        );
        Assert.True(
            await Lab.Leases.TryClaimAsync(runs[0].Id, runs[0].Attempt, Samples.Worker, Lab.Clock.UtcNow.AddSeconds(60))
        );
        var plan = new RunPlan(
            [new PlannedStage("k", "defend", "STRIP", 1, "strip")],
            [Samples.Key("strip")],
            new Dictionary<string, string>(),
            1
        );
        Assert.True(await Lab.Recording.RecordAsync(runs[0].Id, runs[0].Attempt, new RunChanges { Plan = plan }));
        Assert.True(
            await Lab.Recording.RecordAsync(
                runs[0].Id,
                runs[0].Attempt,
                new RunChanges
                {
                    Cells = [Samples.Value(Samples.Key("strip"), ("auroc", 0.9))],
                    Stages = [new StageChange("k", StageState.Done, Seconds: 4)],
                }
            )
        );
        Assert.True(await Lab.Leases.FinishAsync(runs[0].Id, Samples.Worker, new RunEnd(RunState.Succeeded)));

        var detail = (await Lab.StudyQueries.FindAsync(studyId))!;

        Assert.Equal("""{"a":1}""", detail.SpecJson);
        Assert.Equal(runs.Select(run => run.Id), detail.Runs.Select(run => run.Run.Id));
        Assert.Equal(0.9, Assert.Single(detail.Runs[0].Cells).Value("auroc"));
        Assert.Equal(("strip", 4), (detail.Runs[0].Stages[0].Method, detail.Runs[0].Stages[0].Seconds));
        Assert.Empty(detail.Runs[1].Cells);
        Assert.Equal(0.5, detail.Item.Fraction);
    }

    [Fact]
    public async Task Studies_OfTheTrash_AreNotListed()
    {
        var (first, _) = await Lab.Studies.CreateAsync("first", "{}", [Samples.Content()]);
        Lab.Clock.Advance(1);
        var (second, _) = await Lab.Studies.CreateAsync("second", "{}", [Samples.Content()]);
        Assert.True(await Lab.Studies.DeleteAsync(first, deleted: true));

        Assert.Equal("second", Assert.Single(await Lab.StudyQueries.ListAsync()).Name);

        Assert.True(await Lab.Studies.DeleteAsync(first, deleted: false));
        Assert.Equal([second, first], (await Lab.StudyQueries.ListAsync()).Select(study => study.Id));
        Assert.False(await Lab.Studies.DeleteAsync("none", deleted: true));
        Assert.Null(await Lab.StudyQueries.FindAsync("none"));
    }

    [Fact]
    public async Task FindStudy_WithADeletedRun_LeavesItOut()
    {
        var (studyId, runs) = await Lab.Studies.CreateAsync(
            "s",
            "{}",
            [Samples.Content(seed: 1), Samples.Content(seed: 2)]
        );
        await Lab.Bulk.DeleteAsync(RunSelection.Of([runs[1].Id]));

        Assert.Equal(runs[0].Id, Assert.Single((await Lab.StudyQueries.FindAsync(studyId))!.Runs).Run.Id);
    }
}
