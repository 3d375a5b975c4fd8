namespace BackdoorLab.Data.Tests.Runs;

public sealed class RecoveryTests : LabTest
{
    [Fact]
    public async Task RecoverLost_ExpiredLease_InterruptsAndCountsTheTimeUntilTheLastHeartbeat()
    {
        var run = await Lab.RunningAsync(leaseSeconds: 120);
        Lab.Clock.Advance(30);
        await Lab.Leases.RenewLeaseAsync(run.Id, Samples.Worker, Lab.Clock.UtcNow.AddSeconds(120));
        await Lab.Recording.RecordAsync(
            run.Id,
            run.Attempt,
            new RunChanges { Stages = [new StageChange("train", StageState.Running)] }
        );

        Lab.Clock.Advance(119);
        Assert.Empty(await Lab.Leases.RecoverLostAsync(Lab.Clock.UtcNow));
        Lab.Clock.Advance(2);
        Assert.Equal(
            [new RecoveredRun(run.Id, RunState.Interrupted)],
            await Lab.Leases.RecoverLostAsync(Lab.Clock.UtcNow)
        );

        var detail = (await Lab.Details.FindAsync(run.Id))!;
        Assert.Equal(RunState.Interrupted, detail.Run.State);
        Assert.Equal(30, detail.Run.ElapsedSeconds, 6);
        Assert.Equal("The worker was lost; last heard of at 2026-01-02 03:04:35 UTC.", detail.Run.Error);
        Assert.Equal(StageState.Stopped, Assert.Single(detail.Stages).State);
    }

    [Fact]
    public async Task RecoverLost_ExpiredLeaseOfASupervisedRun_LeavesItAlone()
    {
        var (seen, lost) = (await Lab.RunningAsync(), await Lab.RunningAsync());
        Lab.Clock.Advance(3600);

        var recovered = await Lab.Leases.RecoverLostAsync(Lab.Clock.UtcNow, supervised: [seen.Id]);

        Assert.Equal([new RecoveredRun(lost.Id, RunState.Interrupted)], recovered);
        Assert.Equal(RunState.Running, (await Lab.ItemAsync(seen.Id)).State);
    }

    [Fact]
    public async Task RecoverLost_AtStart_TakesTheOwnersLeasesBeforeTheyExpire()
    {
        var mine = await Lab.RunningAsync();
        var other = await Lab.Store.QueuedAsync();
        await Lab.Leases.TryClaimAsync(other.Id, other.Attempt, "another machine", Lab.Clock.UtcNow.AddMinutes(2));

        var recovered = await Lab.Leases.RecoverLostAsync(Lab.Clock.UtcNow, Samples.Worker);

        Assert.Equal([new RecoveredRun(mine.Id, RunState.Interrupted)], recovered);
        Assert.Equal(RunState.Running, (await Lab.ItemAsync(other.Id)).State);
    }

    [Fact]
    public async Task RecoverLost_RunBeingCancelled_IsCancelled()
    {
        var run = await Lab.RunningAsync();
        await Lab.Store.RequestCancelAsync(run.Id);
        Lab.Clock.Advance(500);

        Assert.Equal(
            [new RecoveredRun(run.Id, RunState.Cancelled)],
            await Lab.Leases.RecoverLostAsync(Lab.Clock.UtcNow)
        );
        Assert.Empty(await Lab.Leases.RequeueInterruptedAsync());
        Assert.Equal(RunState.Cancelled, (await Lab.ItemAsync(run.Id)).State);
    }

    [Fact]
    public async Task RequeueInterrupted_KeepsThePlaceInTheQueue()
    {
        var first = await Lab.RunningAsync(Samples.Content("first"));
        Lab.Clock.Advance(1);
        var second = await Lab.Store.QueuedAsync(Samples.Content("second"));
        Lab.Clock.Advance(500);
        await Lab.Leases.RecoverLostAsync(Lab.Clock.UtcNow);

        Assert.Equal([new RunRef(first.Id, 2)], await Lab.Leases.RequeueInterruptedAsync());

        Assert.Equal([new RunRef(first.Id, 2), second], await Lab.Store.ListQueuedAsync());
        Assert.False(await Lab.Leases.TryClaimAsync(first.Id, 1, "w", Lab.Clock.UtcNow.AddMinutes(2)));
        Assert.True(await Lab.Leases.TryClaimAsync(first.Id, 2, "w", Lab.Clock.UtcNow.AddMinutes(2)));
    }

    [Fact]
    public async Task RequeueInterrupted_NoAttemptLeft_Fails()
    {
        var run = await Lab.RunningAsync(Samples.Content(maxAttempts: 1));
        Lab.Clock.Advance(500);
        await Lab.Leases.RecoverLostAsync(Lab.Clock.UtcNow);

        Assert.Empty(await Lab.Leases.RequeueInterruptedAsync());

        var item = await Lab.ItemAsync(run.Id);
        Assert.Equal(RunState.Failed, item.State);
        Assert.StartsWith("Given up after 1 attempts. The worker was lost", item.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LateWorker_AfterRecovery_CanWriteNothing()
    {
        var run = await Lab.RunningAsync();
        Lab.Clock.Advance(500);
        await Lab.Leases.RecoverLostAsync(Lab.Clock.UtcNow);
        await Lab.Leases.RequeueInterruptedAsync();
        await Lab.Leases.TryClaimAsync(run.Id, 2, "worker-2", Lab.Clock.UtcNow.AddMinutes(2));
        var late = new RunChanges { Cells = [Samples.Value(Samples.Key(), ("clean-accuracy", 0.5))] };

        Assert.False(await Lab.Leases.RenewLeaseAsync(run.Id, Samples.Worker, Lab.Clock.UtcNow.AddMinutes(9)));
        Assert.False(await Lab.Recording.RecordAsync(run.Id, 1, late));
        Assert.False(await Lab.Leases.FinishAsync(run.Id, Samples.Worker, new RunEnd(RunState.Failed, "late")));

        var detail = (await Lab.Details.FindAsync(run.Id))!;
        Assert.Equal((RunState.Running, 2), (detail.Run.State, detail.Run.Attempt));
        Assert.Empty(detail.Cells);
    }

    [Fact]
    public async Task ElapsedSeconds_AddsUpOverAttempts()
    {
        var run = await Lab.RunningAsync();
        Lab.Clock.Advance(10);
        await Lab.Leases.FinishAsync(run.Id, Samples.Worker, new RunEnd(RunState.Interrupted));
        Lab.Clock.Advance(1000);
        var again = Assert.Single(await Lab.Leases.RequeueInterruptedAsync());
        await Lab.Leases.TryClaimAsync(again.Id, again.Attempt, Samples.Worker, Lab.Clock.UtcNow.AddMinutes(2));
        Lab.Clock.Advance(5);
        await Lab.Leases.FinishAsync(run.Id, Samples.Worker, new RunEnd(RunState.Succeeded));

        Assert.Equal(15, (await Lab.ItemAsync(run.Id)).ElapsedSeconds, 6);
    }
}
