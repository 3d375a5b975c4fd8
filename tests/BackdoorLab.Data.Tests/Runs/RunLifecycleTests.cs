using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Tests.Runs;

public sealed class RunLifecycleTests(LabFixture lab) : IClassFixture<LabFixture>
{
    [Fact]
    public async Task Submit_WritesAQueuedRunWithAWellFormedId()
    {
        var queued = await lab.Store.SubmitAsync(Samples.Content("first"));

        var run = await lab.ItemAsync(queued.Id);
        Assert.True(RunIds.IsWellFormed(queued.Id));
        Assert.Equal((RunState.Queued, 1, "first"), (run.State, run.Attempt, run.Name));
        Assert.Equal(
            (run.Attempt, lab.Clock.UtcNow, lab.Clock.UtcNow),
            (queued.Attempt, run.Created, run.Queued!.Value)
        );
        Assert.Equal(DateTimeKind.Utc, run.Created.Kind);
        Assert.Equal((0.1, 0, 1L), (run.PoisonRate, run.TargetLabel!.Value, run.Seed));
    }

    [Theory]
    [InlineData("short")]
    [InlineData("abcdefghijkl")]
    [InlineData("ABCDEFGHJKMN")]
    [InlineData("../../etc/pa")]
    public void RunIds_OfAnotherForm_AreNotWellFormed(string id) => Assert.False(RunIds.IsWellFormed(id));

    [Fact]
    public async Task Enqueue_DraftOfAnOlderVersion_BecomesItsFirstAttempt()
    {
        var run = await lab.Store.QueuedAsync();
        await using (var context = lab.Contexts.CreateDbContext())
        {
            await context
                .Runs.Where(row => row.Id == run.Id)
                .ExecuteUpdateAsync(set =>
                    set.SetProperty(row => row.State, RunState.Draft)
                        .SetProperty(row => row.Attempt, 0)
                        .SetProperty(row => row.Queued, (DateTime?)null)
                );
        }

        Assert.Equal(RunState.Draft, (await lab.ItemAsync(run.Id)).State);
        Assert.False(await lab.Leases.TryClaimAsync(run.Id, 0, "w", lab.Clock.UtcNow.AddMinutes(2)));
        Assert.Equal(new RunRef(run.Id, 1), await lab.Store.EnqueueAsync(run.Id));
    }

    [Fact]
    public async Task TryClaim_ManyAtOnce_ExactlyOneWins()
    {
        for (var round = 0; round < 10; round++)
        {
            var run = await lab.Store.QueuedAsync();
            using var start = new Barrier(4);
            var claims = await Task.WhenAll(
                Enumerable
                    .Range(0, 4)
                    .Select(worker =>
                        Task.Factory.StartNew(
                                () =>
                                {
                                    start.SignalAndWait();
                                    return lab.Leases.TryClaimAsync(
                                        run.Id,
                                        run.Attempt,
                                        $"worker-{worker}",
                                        lab.Clock.UtcNow.AddMinutes(2)
                                    );
                                },
                                TaskCreationOptions.LongRunning
                            )
                            .Unwrap()
                    )
            );

            Assert.Equal(1, claims.Count(claimed => claimed));
            Assert.Equal(RunState.Running, (await lab.ItemAsync(run.Id)).State);
        }
    }

    [Fact]
    public async Task TryClaim_OfAnotherAttempt_Fails()
    {
        var run = await lab.Store.QueuedAsync();

        Assert.False(await lab.Leases.TryClaimAsync(run.Id, run.Attempt + 1, "w", lab.Clock.UtcNow.AddMinutes(2)));
        Assert.False(await lab.Leases.TryClaimAsync(run.Id, run.Attempt - 1, "w", lab.Clock.UtcNow.AddMinutes(2)));
        Assert.Equal(RunState.Queued, (await lab.ItemAsync(run.Id)).State);
    }

    [Fact]
    public async Task RequestCancel_Queued_CancelsAtOnceAndCannotBeClaimed()
    {
        var run = await lab.Store.QueuedAsync();

        Assert.Equal(RunState.Cancelled, await lab.Store.RequestCancelAsync(run.Id));
        Assert.False(await lab.Leases.TryClaimAsync(run.Id, run.Attempt, "w", lab.Clock.UtcNow.AddMinutes(2)));
        var item = await lab.ItemAsync(run.Id);
        Assert.Equal(RunState.Cancelled, item.State);
        Assert.NotNull(item.Ended);
    }

    [Fact]
    public async Task RequestCancel_Running_TellsTheWorkerAndWaitsForIt()
    {
        var run = await lab.RunningAsync();
        var until = lab.Clock.UtcNow.AddMinutes(2);
        Assert.True(await lab.Leases.RenewLeaseAsync(run.Id, Samples.Worker, until));

        Assert.Equal(RunState.Cancelling, await lab.Store.RequestCancelAsync(run.Id));
        Assert.Equal(RunState.Cancelling, await lab.Store.RequestCancelAsync(run.Id));
        Assert.True(await lab.Leases.IsCancelRequestedAsync(run.Id));
        Assert.True(await lab.Leases.RenewLeaseAsync(run.Id, Samples.Worker, until));

        Assert.True(await lab.Leases.FinishAsync(run.Id, Samples.Worker, new RunEnd(RunState.Cancelled)));
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

        Assert.True(
            await lab.Leases.FinishAsync(
                run.Id,
                Samples.Worker,
                new RunEnd(RunState.Succeeded) { Remarks = ["A subset of 6,032 images."] }
            )
        );

        var detail = (await lab.Details.FindAsync(run.Id))!;
        Assert.Equal(42.5, detail.Run.ElapsedSeconds, 6);
        Assert.Equal(1, detail.Run.Fraction);
        Assert.Equal(["A subset of 6,032 images."], detail.Remarks);
        Assert.False(await lab.Leases.FinishAsync(run.Id, Samples.Worker, new RunEnd(RunState.Failed, "again")));
        Assert.Equal(RunState.Succeeded, (await lab.ItemAsync(run.Id)).State);
    }

    [Fact]
    public async Task Finish_ByAnotherOwner_IsRefused()
    {
        var run = await lab.RunningAsync();

        Assert.False(await lab.Leases.FinishAsync(run.Id, "somebody else", new RunEnd(RunState.Failed, "no")));
        Assert.Equal(RunState.Running, (await lab.ItemAsync(run.Id)).State);
    }

    [Fact]
    public async Task Finish_AsRunning_IsRefused()
    {
        var run = await lab.RunningAsync();

        await Assert.ThrowsAsync<ArgumentException>(() =>
            lab.Leases.FinishAsync(run.Id, Samples.Worker, new RunEnd(RunState.Running))
        );
    }

    [Fact]
    public async Task Finish_Failed_MarksTheStageItBrokeIn()
    {
        var run = await lab.RunningAsync();
        await lab.Recording.RecordAsync(
            run.Id,
            run.Attempt,
            new RunChanges
            {
                Stages = [new StageChange("a", StageState.Done), new StageChange("b", StageState.Running)],
            }
        );

        await lab.Leases.FinishAsync(run.Id, Samples.Worker, new RunEnd(RunState.Failed, "out of memory"));

        var detail = (await lab.Details.FindAsync(run.Id))!;
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
        var failed = await lab.EndedAsync(Samples.Content(), [], RunState.Failed);

        var deleted = await lab.Bulk.DeleteAsync(RunSelection.Of([running.Id, queued.Id, failed, RunIds.New()]));

        Assert.Equal(new HashSet<string> { queued.Id, failed }, deleted.ToHashSet());
        Assert.Equal(
            (RunState.Cancelled, true),
            (await lab.ItemAsync(queued.Id)) switch
            {
                var run => (run.State, run.Deleted),
            }
        );
        Assert.False((await lab.ItemAsync(running.Id)).Deleted);
        Assert.Null(await lab.Store.EnqueueAsync(failed));

        Assert.Equal(1, await lab.Bulk.RestoreAsync(RunSelection.Of([failed, running.Id])));
        Assert.NotNull(await lab.Store.EnqueueAsync(failed));
    }

    [Fact]
    public async Task Purge_RemovesOnlyTheTrashWithAllRows()
    {
        var cells = new[] { Samples.Value(Samples.Key(), ("clean-accuracy", 0.9)) };
        var gone = await lab.EndedAsync(Samples.Content(), cells);
        var kept = await lab.EndedAsync(Samples.Content(), cells);
        await lab.Bulk.DeleteAsync(RunSelection.Of([gone]));

        Assert.Equal(1, (await lab.Bulk.PurgeAsync(RunSelection.Of([gone, kept]))).Runs);

        Assert.Null(await lab.Details.FindAsync(gone));
        Assert.Single((await lab.Details.FindAsync(kept))!.Cells);
        await using var context = lab.Contexts.CreateDbContext();
        Assert.DoesNotContain(context.Cells, cell => cell.RunId == gone);
        Assert.DoesNotContain(context.Measurements, measurement => measurement.RunId == gone);
    }
}
