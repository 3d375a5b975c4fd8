namespace BackdoorLab.Data.Tests.Runs;

public sealed class RunLifecycleTests(LabFixture lab) : IClassFixture<LabFixture>
{
    [Fact]
    public async Task Create_GivesADraftWithAWellFormedId()
    {
        var id = await lab.Store.CreateAsync(Samples.Content("first"));

        var run = await lab.ItemAsync(id);
        Assert.True(RunIds.IsWellFormed(id));
        Assert.Equal((RunState.Draft, 0, "first"), (run.State, run.Attempt, run.Name));
        Assert.Equal(lab.Clock.UtcNow, run.Created);
        Assert.Equal(DateTimeKind.Utc, run.Created.Kind);
        Assert.Equal((0.1, 0, 1L), (run.PoisonRate, run.TargetLabel!.Value, run.Seed));
    }

    [Theory]
    [InlineData("short")]
    [InlineData("abcdefghijkl")]
    [InlineData("ABCDEFGHJKMN")]
    [InlineData("../../etc/pa")]
    public async Task Create_MalformedId_IsRefused(string id) =>
        await Assert.ThrowsAsync<ArgumentException>(() => lab.Store.CreateAsync(Samples.Content(), id));

    [Fact]
    public async Task TryClaim_ManyAtOnce_ExactlyOneWins()
    {
        for (var round = 0; round < 10; round++)
        {
            var run = await lab.Store.QueuedAsync();
            using var start = new Barrier(4);
            var claims = await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Factory.StartNew(
                () =>
                {
                    start.SignalAndWait();
                    return lab.Store.TryClaimAsync(run.Id, run.Attempt, $"worker-{worker}", lab.Clock.UtcNow.AddMinutes(2));
                },
                TaskCreationOptions.LongRunning).Unwrap()));

            Assert.Equal(1, claims.Count(claimed => claimed));
            Assert.Equal(RunState.Running, (await lab.ItemAsync(run.Id)).State);
        }
    }

    [Fact]
    public async Task TryClaim_OfAnotherAttempt_Fails()
    {
        var run = await lab.Store.QueuedAsync();

        Assert.False(await lab.Store.TryClaimAsync(run.Id, run.Attempt + 1, "w", lab.Clock.UtcNow.AddMinutes(2)));
        Assert.False(await lab.Store.TryClaimAsync(run.Id, run.Attempt - 1, "w", lab.Clock.UtcNow.AddMinutes(2)));
        Assert.Equal(RunState.Queued, (await lab.ItemAsync(run.Id)).State);
    }

    [Fact]
    public async Task RequestCancel_Queued_CancelsAtOnceAndCannotBeClaimed()
    {
        var run = await lab.Store.QueuedAsync();

        Assert.Equal(RunState.Cancelled, await lab.Store.RequestCancelAsync(run.Id));
        Assert.False(await lab.Store.TryClaimAsync(run.Id, run.Attempt, "w", lab.Clock.UtcNow.AddMinutes(2)));
        var item = await lab.ItemAsync(run.Id);
        Assert.Equal(RunState.Cancelled, item.State);
        Assert.NotNull(item.Ended);
    }

    [Fact]
    public async Task RequestCancel_Running_TellsTheWorkerAndWaitsForIt()
    {
        var run = await lab.RunningAsync();
        var until = lab.Clock.UtcNow.AddMinutes(2);
        Assert.Equal(LeaseStatus.Held, await lab.Store.RenewLeaseAsync(run.Id, Samples.Worker, until));

        Assert.Equal(RunState.Cancelling, await lab.Store.RequestCancelAsync(run.Id));
        Assert.Equal(RunState.Cancelling, await lab.Store.RequestCancelAsync(run.Id));
        Assert.True(await lab.Store.IsCancelRequestedAsync(run.Id));
        Assert.Equal(LeaseStatus.CancelRequested, await lab.Store.RenewLeaseAsync(run.Id, Samples.Worker, until));

        Assert.True(await lab.Store.FinishAsync(run.Id, Samples.Worker, new RunEnd(RunState.Cancelled)));
        Assert.Equal(RunState.Cancelled, (await lab.ItemAsync(run.Id)).State);
        Assert.Null(await lab.Store.RequestCancelAsync(run.Id));
    }

    [Theory]
    [InlineData(RunState.Succeeded)]
    [InlineData(RunState.Failed)]
    public async Task RequestCancel_EndedRun_ChangesNothing(RunState state)
    {
        var id = await lab.EndedAsync(Samples.Content(), [], state);

        Assert.Null(await lab.Store.RequestCancelAsync(id));
        Assert.Equal(state, (await lab.ItemAsync(id)).State);
    }

    [Fact]
    public async Task Finish_SetsTimesAndRemarks()
    {
        var run = await lab.RunningAsync();
        lab.Clock.Advance(42.5);

        Assert.True(await lab.Store.FinishAsync(
            run.Id, Samples.Worker, new RunEnd(RunState.Succeeded) { Remarks = ["A subset of 6,032 images."] }));

        var detail = (await lab.Queries.FindAsync(run.Id))!;
        Assert.Equal(42.5, detail.Run.ElapsedSeconds, 6);
        Assert.Equal(1, detail.Run.Fraction);
        Assert.Equal(["A subset of 6,032 images."], detail.Remarks);
        Assert.False(await lab.Store.FinishAsync(run.Id, Samples.Worker, new RunEnd(RunState.Failed, "again")));
        Assert.Equal(RunState.Succeeded, (await lab.ItemAsync(run.Id)).State);
    }

    [Fact]
    public async Task Finish_ByAnotherOwner_IsRefused()
    {
        var run = await lab.RunningAsync();

        Assert.False(await lab.Store.FinishAsync(run.Id, "somebody else", new RunEnd(RunState.Failed, "no")));
        Assert.Equal(RunState.Running, (await lab.ItemAsync(run.Id)).State);
    }

    [Fact]
    public async Task Finish_AsRunning_IsRefused()
    {
        var run = await lab.RunningAsync();

        await Assert.ThrowsAsync<ArgumentException>(
            () => lab.Store.FinishAsync(run.Id, Samples.Worker, new RunEnd(RunState.Running)));
    }

    [Fact]
    public async Task Finish_Failed_MarksTheStageItBrokeIn()
    {
        var run = await lab.RunningAsync();
        await lab.Store.RecordAsync(run.Id, run.Attempt, new RunChanges
        {
            Stages = [new StageChange("a", StageState.Done), new StageChange("b", StageState.Running)],
        });

        await lab.Store.FinishAsync(run.Id, Samples.Worker, new RunEnd(RunState.Failed, "out of memory"));

        var detail = (await lab.Queries.FindAsync(run.Id))!;
        Assert.Equal("out of memory", detail.Run.Error);
        Assert.Equal([StageState.Done, StageState.Failed], detail.Stages.Select(stage => stage.State));
    }

    [Theory]
    [InlineData(RunState.Failed)]
    [InlineData(RunState.Cancelled)]
    [InlineData(RunState.Interrupted)]
    public async Task Enqueue_BrokenRun_StartsTheNextAttemptClean(RunState state)
    {
        var id = await lab.EndedAsync(Samples.Content(maxAttempts: 1), [], state);

        var again = await lab.Store.EnqueueAsync(id);

        Assert.Equal(new RunRef(id, 2), again);
        var run = await lab.ItemAsync(id);
        Assert.Equal((RunState.Queued, "", false, 2), (run.State, run.Error, run.CancelRequested, run.MaxAttempts));
        Assert.Null(run.Ended);
    }

    [Fact]
    public async Task Enqueue_RunningSucceededOrAbsent_IsRefused()
    {
        var running = await lab.RunningAsync();
        var succeeded = await lab.EndedAsync(Samples.Content(), []);

        Assert.Null(await lab.Store.EnqueueAsync(running.Id));
        Assert.Null(await lab.Store.EnqueueAsync(succeeded));
        Assert.Null(await lab.Store.EnqueueAsync(RunIds.New()));
    }

    [Fact]
    public async Task Delete_MovesToTrashButLeavesRunningOnesAlone()
    {
        var running = await lab.RunningAsync();
        var queued = await lab.Store.QueuedAsync();
        var draft = await lab.Store.CreateAsync(Samples.Content());

        var deleted = await lab.Store.DeleteAsync(RunSelection.Of([running.Id, queued.Id, draft, RunIds.New()]));

        Assert.Equal(new HashSet<string> { queued.Id, draft }, deleted.ToHashSet());
        Assert.Equal((RunState.Cancelled, true), (await lab.ItemAsync(queued.Id)) switch { var run => (run.State, run.Deleted) });
        Assert.False((await lab.ItemAsync(running.Id)).Deleted);
        Assert.Null(await lab.Store.EnqueueAsync(draft));

        Assert.Equal(1, await lab.Store.RestoreAsync(RunSelection.Of([draft, running.Id])));
        Assert.NotNull(await lab.Store.EnqueueAsync(draft));
    }

    [Fact]
    public async Task Purge_RemovesOnlyTheTrashWithAllRows()
    {
        var cells = new[] { Samples.Value(Samples.Key(), ("clean-accuracy", 0.9)) };
        var gone = await lab.EndedAsync(Samples.Content(), cells);
        var kept = await lab.EndedAsync(Samples.Content(), cells);
        await lab.Store.DeleteAsync(RunSelection.Of([gone]));

        Assert.Equal(1, (await lab.Store.PurgeAsync(RunSelection.Of([gone, kept]))).Runs);

        Assert.Null(await lab.Queries.FindAsync(gone));
        Assert.Single((await lab.Queries.FindAsync(kept))!.Cells);
        await using var context = lab.Contexts.CreateDbContext();
        Assert.DoesNotContain(context.Cells, cell => cell.RunId == gone);
        Assert.DoesNotContain(context.Measurements, measurement => measurement.RunId == gone);
    }

    [Fact]
    public async Task Rename_DuringARun_SurvivesProgress()
    {
        var run = await lab.RunningAsync();
        await lab.Store.RecordAsync(run.Id, run.Attempt, new RunChanges { Progress = new RunProgress("training", 0.5, 10) });

        Assert.True(await lab.Store.RenameAsync(run.Id, "renamed"));
        await lab.Store.RecordAsync(run.Id, run.Attempt, new RunChanges { Progress = new RunProgress("training", 0.6, 8) });

        var item = await lab.ItemAsync(run.Id);
        Assert.Equal(("renamed", 0.6, 8d), (item.Name, item.Fraction, item.EtaSeconds!.Value));
    }
}
