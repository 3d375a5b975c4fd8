using BackdoorLab.Data;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Jobs;
using BackdoorLab.Web.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Web.Tests.Jobs;

/// <summary>What becomes of a run, whatever its worker does.</summary>
public sealed class RunJobTests
{
    private static readonly CellId Undefended = new(Victim.Backdoored, "float32", null);
    private static readonly CellId Defended = new(Victim.Backdoored, "float32", "strip");

    private static readonly RunStarted Plan = new(
        [new PlannedStage("k1", "train", "Training the victim", 30), new PlannedStage("k2", "defend", "STRIP", 5)],
        [Undefended, Defended],
        new Dictionary<string, string> { ["threads"] = "1" },
        35
    );

    [Fact]
    public async Task Worker_Completes_RunSucceedsWithEverythingItReported()
    {
        await using var lab = await TestLab.StartAsync();
        lab.Workers.Next(worker =>
        {
            worker.Report(
                Plan with
                {
                    Poison = new()
                    {
                        Asked = 0.4,
                        Images = 1900,
                        Candidates = 323,
                        Poisoned = 323,
                        Classes = [],
                    },
                },
                new StageStarted("k1"),
                new StageProgress("k1", 5, 10, "batches", 0.4, 21),
                new EpochFinished(Victim.Backdoored, 1, 2, 1.5, 0.8, 0.9),
                new ArtifactSaved(new ArtifactReference("k1", "trigger.png", "image", "Trigger")),
                new StageFinished("k1", false, 12.5),
                new CellFinished(
                    new CellResult
                    {
                        Id = Undefended,
                        Outcome = Outcome.Value,
                        Measurements = [new("clean-accuracy", 0.97, 100, 0.9, 0.99), new("attack-success-rate", 0.99)],
                        Seconds = 3,
                    }
                ),
                new CellFinished(
                    new CellResult
                    {
                        Id = Defended,
                        Outcome = Outcome.Failed,
                        Reason = "out of memory",
                    }
                ),
                new LogWritten("warning", "a word")
            );
            worker.Complete();
        });

        var id = await lab.SubmitAsync();

        var run = await lab.Reaches(id, RunState.Succeeded);
        var detail = (await lab.Details.FindAsync(id))!;
        Assert.Equal(0.97, run.CleanAccuracy);
        Assert.Equal(0.99, run.AttackSuccessRate);
        Assert.Equal((323, 0.17), (run.PoisonedImages, run.PoisonedShare));
        Assert.Equal(1, run.Attempt);
        Assert.Equal(["n = 1"], detail.Remarks);
        Assert.Equal("1", detail.Environment["threads"]);
        Assert.Equal(
            [(StageState.Done, 12.5), (StageState.Planned, null)],
            detail.Stages.Select(stage => (stage.State, stage.Seconds))
        );
        Assert.Equal(0.9, Assert.Single(detail.Curve).AttackSuccessRate);
        Assert.Equal("trigger.png", Assert.Single(detail.Artifacts).File);
        Assert.Equal(
            [(KnownLabels.Undefended, Outcome.Value, ""), ("strip", Outcome.Failed, "out of memory")],
            detail.Cells.Select(cell => (cell.Id.DefenseLabel, cell.Outcome, cell.Reason))
        );
        Assert.Equal(100, detail.Cells[0].Measurements.Single(one => one.Metric == "clean-accuracy").Count);
        Assert.Equal("a word", Assert.Single(await lab.Details.LogTailAsync(id)).Text);
        Assert.Null(lab.Feed.Progress(id));
    }

    [Fact]
    public async Task Job_DeliveredAgainWhileRunningAndAfterwards_StartsNoSecondWorker()
    {
        await using var lab = await TestLab.StartAsync();
        using var go = new ManualResetEventSlim();
        lab.Workers.Next(worker =>
        {
            go.Wait(TimeSpan.FromMinutes(1));
            worker.Complete();
        });
        var id = await lab.SubmitAsync();
        await lab.Reaches(id, RunState.Running);

        var job = ActivatorUtilities.CreateInstance<RunJob>(lab.Services);
        await job.Execute(default);
        Assert.Equal(RunState.Running, (await lab.Item(id)).State);
        go.Set();
        await lab.Reaches(id, RunState.Succeeded);
        await job.Execute(default);

        Assert.Equal(1, lab.Workers.Started);
        Assert.Equal(RunState.Succeeded, (await lab.Item(id)).State);
    }

    [Fact]
    public async Task Cancel_WhileQueued_EndsAtOnceAndStartsNoWorker()
    {
        await using var lab = await TestLab.StartAsync();
        lab.Workers.Next(worker => worker.WorkUntilStopped());
        var first = await lab.SubmitAsync();
        await lab.Reaches(first, RunState.Running);
        var second = await lab.SubmitAsync();

        Assert.Equal(RunState.Cancelled, await lab.Queue.CancelAsync(second));
        Assert.Equal(RunState.Cancelled, (await lab.Item(second)).State);
        await lab.Queue.CancelAsync(first);
        await lab.Reaches(first, RunState.Cancelled);

        // The second job is delivered now and must find nothing to claim: a third run shows that it is through.
        lab.Workers.Next(worker => worker.Complete());
        await lab.Reaches(await lab.SubmitAsync(), RunState.Succeeded);
        Assert.Equal(2, lab.Workers.Started);
        Assert.Equal(RunState.Cancelled, (await lab.Item(second)).State);
    }

    [Fact]
    public async Task Cancel_WhileRunning_ShowsAtOnceAndKeepsWhatWasMeasured()
    {
        await using var lab = await TestLab.StartAsync();
        var batch = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lab.Workers.Next(worker =>
        {
            worker.Report(
                Plan,
                new StageStarted("k1"),
                new CellFinished(new CellResult { Id = Undefended, Outcome = Outcome.Value })
            );
            worker.WorkUntilStopped(batch.Task);
        });
        var id = await lab.SubmitAsync();
        await lab.Reaches(id, RunState.Running);

        Assert.Equal(RunState.Cancelling, await lab.Queue.CancelAsync(id));
        Assert.Equal(RunState.Cancelling, (await lab.Item(id)).State);
        batch.SetResult();
        await lab.Reaches(id, RunState.Cancelled);

        var detail = (await lab.Details.FindAsync(id))!;
        Assert.Equal(StageState.Stopped, detail.Stages[0].State);
        Assert.Equal([Outcome.Value, Outcome.NotRun], detail.Cells.Select(cell => cell.Outcome));
    }

    [Fact]
    public async Task Cancel_WrittenByAnotherProcess_ReachesTheWorker()
    {
        await using var lab = await TestLab.StartAsync();
        lab.Workers.Next(worker => worker.WorkUntilStopped());
        var id = await lab.SubmitAsync();
        await lab.Reaches(id, RunState.Running);

        await lab.Store.RequestCancelAsync(id);

        await lab.Reaches(id, RunState.Cancelled);
    }

    [Fact]
    public async Task Worker_DiesOnce_SecondAttemptSucceeds()
    {
        await using var lab = await TestLab.StartAsync();
        lab.Workers.Next(worker =>
        {
            worker.Report(Plan, new StageStarted("k1"));
            worker.Exit(134, "terminate called after throwing an instance of 'c10::Error'");
        });
        lab.Workers.Next(worker =>
        {
            worker.Report(Plan, new StageFinished("k1", true, 12));
            worker.Complete();
        });

        var id = await lab.SubmitAsync();

        var run = await lab.Reaches(id, RunState.Succeeded);
        Assert.Equal(2, run.Attempt);
        Assert.Equal("", run.Error);
        var line = Assert.Single(await lab.Details.LogTailAsync(id));
        Assert.Contains("exit code 134, SIGABRT", line.Text, StringComparison.Ordinal);
        Assert.Contains("c10::Error", line.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Worker_DiesAtEveryAttempt_RunFailsWithExitCodeAndLastLines()
    {
        await using var lab = await TestLab.StartAsync();
        lab.Workers.Next(worker => worker.Exit(139));
        lab.Workers.Next(worker => worker.Exit(137, "first line", "last line"));

        var run = await lab.Reaches(await lab.SubmitAsync(), RunState.Failed);

        Assert.Equal(2, lab.Workers.Started);
        Assert.Contains("2 attempts", run.Error, StringComparison.Ordinal);
        Assert.Contains("exit code 137", run.Error, StringComparison.Ordinal);
        Assert.EndsWith("first line\nlast line", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Worker_ReportsFailure_RunFailsWithoutAnotherAttempt()
    {
        await using var lab = await TestLab.StartAsync();
        lab.Workers.Next(worker =>
        {
            worker.Report(new RunFinished(RunEnding.Failed, "The loss is not a number since epoch 2.", []));
            worker.Exit(WorkerExit.Failed);
        });

        var run = await lab.Reaches(await lab.SubmitAsync(), RunState.Failed);

        Assert.Equal("The loss is not a number since epoch 2.", run.Error);
        Assert.Equal(1, lab.Workers.Started);
    }

    [Fact]
    public async Task Worker_CrashesAfterItsLastWord_CountsAsCompleted()
    {
        await using var lab = await TestLab.StartAsync();
        lab.Workers.Next(worker =>
        {
            worker.Report(new RunFinished(RunEnding.Completed, "", []));
            worker.Exit(134);
        });

        Assert.Equal(1, (await lab.Reaches(await lab.SubmitAsync(), RunState.Succeeded)).Attempt);
    }

    [Fact]
    public async Task Dashboard_Stops_RunIsInterruptedAndContinuesAtNextStartWithoutLosingAnAttempt()
    {
        var folder = Directory.CreateTempSubdirectory("lab-").FullName;
        try
        {
            string id;
            string waiting;
            await using (var lab = await TestLab.StartAsync(folder))
            {
                lab.Workers.Next(worker => worker.WorkUntilStopped());
                id = await lab.SubmitAsync(maxAttempts: 1);
                await lab.Reaches(id, RunState.Running);
                waiting = await lab.SubmitAsync();
            }

            await using (
                var lab = await TestLab.StartAsync(
                    folder,
                    false,
                    worker => worker.Complete(),
                    worker => worker.Complete()
                )
            )
            {
                Assert.Equal(2, (await lab.Reaches(id, RunState.Succeeded)).Attempt);
                Assert.Equal(1, (await lab.Reaches(waiting, RunState.Succeeded)).Attempt);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Supervisor_WhoseRunWasTakenAway_KillsItsWorkerAndWritesNothing()
    {
        await using var lab = await TestLab.StartAsync();
        using var killed = new ManualResetEventSlim();
        lab.Workers.Next(worker =>
        {
            while (!worker.Ended.IsCompleted)
            {
                worker.Report(new LogWritten("info", "still here"));
                Thread.Sleep(100);
            }

            killed.Set();
        });
        lab.Workers.Next(worker => worker.Complete());
        var id = await lab.SubmitAsync();
        await lab.Reaches(id, RunState.Running);

        // As if the lease had run out while the machine was asleep.
        var lost = await lab.Leases.RecoverLostAsync(DateTime.UtcNow.AddHours(1));
        await lab.Queue.ResumeInterruptedAsync();

        Assert.Equal(id, Assert.Single(lost).Id);
        Assert.True(killed.Wait(TimeSpan.FromMinutes(1)));
        Assert.Equal(2, (await lab.Reaches(id, RunState.Succeeded)).Attempt);
    }

    [Fact]
    public async Task Order_OfARun_NamesFoldersOfThisLab()
    {
        await using var lab = await TestLab.StartAsync();
        lab.Workers.Next(worker => worker.Complete());
        await lab.Reaches(await lab.SubmitAsync(), RunState.Succeeded);

        var order = Assert.Single(lab.Workers.Orders);
        Assert.Equal(Path.Combine(lab.Folder, "artifacts"), order.StoreFolder);
        Assert.Equal(Path.Combine(lab.Folder, "datasets"), order.DataRoot);
        Assert.Equal(1, order.Threads);
    }
}
