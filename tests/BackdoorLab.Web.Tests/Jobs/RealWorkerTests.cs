using System.Diagnostics;
using BackdoorLab.Data;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Tests.Support;

namespace BackdoorLab.Web.Tests.Jobs;

/// <summary>Runs in real worker processes.</summary>
[Trait("Category", "Slow")]
public sealed class RealWorkerTests
{
    [Fact]
    public async Task Run_OfATinySpec_SucceedsWithMeasuredCellsAndServedPictures()
    {
        await using var lab = await TestLab.StartAsync(realWorkers: true);

        var id = await lab.Queue.SubmitAsync(TinySpec.Short);

        var run = await lab.Reaches(id, state => state.State is RunState.Succeeded or RunState.Failed, seconds: 240);
        Assert.True(run.State == RunState.Succeeded, run.Error);
        Assert.NotNull(run.CleanAccuracy);
        Assert.NotNull(run.AttackSuccessRate);
        var detail = (await lab.Details.FindAsync(id))!;
        Assert.All(detail.Stages, stage => Assert.Equal(StageState.Done, stage.State));
        Assert.Equal(["", "activation-clustering"], detail.Cells.Select(cell => cell.Id.DefenseLabel));
        Assert.All(detail.Cells, cell => Assert.Equal(Outcome.Value, cell.Outcome));
        Assert.Equal(1, Assert.Single(detail.Curve).Epoch);
        Assert.Equal("1", detail.Environment["threads"]);
        Assert.Equal((10, 200, 100), (detail.Data!.Classes, detail.Data.TrainImages, detail.Data.TestImages));
        Assert.NotEmpty(detail.Artifacts);
        using var client = new HttpClient { BaseAddress = lab.Address };
        foreach (
            var picture in detail.Artifacts.Where(artifact => artifact.File.EndsWith(".png", StringComparison.Ordinal))
        )
        {
            using var answer = await client.GetAsync(
                new Uri(LabUrls.Artifact(picture.Stage, picture.File), UriKind.Relative)
            );
            Assert.True(answer.IsSuccessStatusCode, $"{picture.File} is not served.");
        }
    }

    [Fact]
    public async Task Run_OfTheSameSpecAgain_TakesEveryStageFromTheStore()
    {
        await using var lab = await TestLab.StartAsync(realWorkers: true);
        var first = await lab.Reaches(await lab.Queue.SubmitAsync(TinySpec.Short), RunState.Succeeded, seconds: 240);

        var second = await lab.Reaches(
            await lab.Queue.SubmitAsync(TinySpec.Short with { Name = "again" }),
            RunState.Succeeded,
            seconds: 240
        );

        Assert.Equal((first.ConfigHash, first.ConditionKey), (second.ConfigHash, second.ConditionKey));
        Assert.Equal(first.AttackSuccessRate, second.AttackSuccessRate);
        var trained = (await lab.Details.FindAsync(second.Id))!.Stages.Where(stage => stage.Kind == "train");
        Assert.True(Assert.Single(trained).Cached);
    }

    [Fact]
    public async Task Cancel_OfARunningWorker_ShowsAtOnceAndEndsTheProcess()
    {
        await using var lab = await TestLab.StartAsync(realWorkers: true);
        var id = await lab.Queue.SubmitAsync(TinySpec.Endless);
        await Until(lab, id, run => run.Curve.Count > 0);
        using var worker = WorkerOf(lab);

        // It shows with the answer to the request, and the process ends because it was told to: this spec has an hour
        // to go.
        Assert.Equal(RunState.Cancelling, await lab.Queue.CancelAsync(id));
        await lab.Reaches(id, RunState.Cancelled);
        Assert.True(worker.WaitForExit(TimeSpan.FromSeconds(10)), "The worker outlived its run.");
    }

    [Fact]
    public async Task Kill_OfTheWorker_SecondAttemptResumesTheTrainingAndSucceeds()
    {
        await using var lab = await TestLab.StartAsync(realWorkers: true);
        var id = await lab.Queue.SubmitAsync(TinySpec.Interruptible);
        await Until(lab, id, IsInSecondTraining);

        using (var worker = WorkerOf(lab))
        {
            worker.Kill();
        }

        var lost = await lab.Reaches(id, state => state.Attempt == 2);
        Assert.True(lost.State is RunState.Queued or RunState.Running, $"It is {lost.State}.");
        var run = await lab.Reaches(id, state => state.State is RunState.Succeeded or RunState.Failed, seconds: 240);
        Assert.True(run.State == RunState.Succeeded, run.Error);
        AssertResumed((await lab.Details.FindAsync(id))!);
        Assert.Contains(
            await lab.Details.LogTailAsync(id),
            line => line.Text.Contains("exit code 137", StringComparison.Ordinal)
        );
    }

    [Fact]
    public Task Kill_OfAFederatedRun_EndsWithTheWeightsOfAnUninterruptedOne() =>
        KillChangesNoWeight(TinySpec.Federated, "Federated training resumes after round");

    [Fact]
    public Task Kill_InTheMiddleOfLookahead_EndsWithTheWeightsOfAnUninterruptedRun() =>
        KillChangesNoWeight(TinySpec.FastRecipe, "Training resumes at step");

    private static async Task KillChangesNoWeight(ExperimentSpec spec, string resumed)
    {
        await using var whole = await TestLab.StartAsync(realWorkers: true);
        var expected = await FinalWeights(whole, await whole.Queue.SubmitAsync(spec));
        await using var lab = await TestLab.StartAsync(realWorkers: true);
        var id = await lab.Queue.SubmitAsync(spec);
        await Until(lab, id, run => run.Curve.Count >= 5);

        using (var worker = WorkerOf(lab))
        {
            worker.Kill();
        }

        var found = await FinalWeights(lab, id);

        Assert.Equal(2, (await lab.Item(id)).Attempt);
        Assert.Equal(expected, found);
        Assert.Equal(24, (await lab.Details.FindAsync(id))!.Curve.Count);
        Assert.Contains(
            await lab.Details.LogTailAsync(id),
            line => line.Text.StartsWith(resumed, StringComparison.Ordinal)
        );

        static async Task<byte[]> FinalWeights(TestLab lab, string id)
        {
            var run = await lab.Reaches(
                id,
                state => state.State is RunState.Succeeded or RunState.Failed,
                seconds: 240
            );
            Assert.True(run.State == RunState.Succeeded, run.Error);
            return await File.ReadAllBytesAsync(
                Assert.Single(Directory.GetFiles(lab.Folder, "weights.safetensors", SearchOption.AllDirectories))
            );
        }
    }

    [Fact]
    public async Task Stop_OfTheDashboard_EndsTheWorkerAndKeepsTheRunForTheNextStart()
    {
        var folder = Directory.CreateTempSubdirectory("lab-").FullName;
        try
        {
            string id;
            await using (var lab = await TestLab.StartAsync(folder, realWorkers: true))
            {
                id = await lab.Queue.SubmitAsync(TinySpec.Interruptible);
                await Until(lab, id, IsInSecondTraining);
                using var worker = WorkerOf(lab);
                await lab.StopAsync();
                Assert.True(worker.WaitForExit(TimeSpan.FromSeconds(1)), "The worker outlived the dashboard.");
            }

            await using (var lab = await TestLab.StartAsync(folder, realWorkers: true))
            {
                Assert.Equal(2, (await lab.Reaches(id, RunState.Succeeded, seconds: 240)).Attempt);
                AssertResumed((await lab.Details.FindAsync(id))!);

                // It was told to stop, so it could keep its last step too.
                Assert.Contains(
                    await lab.Details.LogTailAsync(id),
                    line => line.Text.StartsWith("Training resumes at step", StringComparison.Ordinal)
                );
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Worker_WithASpecThatHasFaults_FailsWithAllOfThem()
    {
        await using var lab = await TestLab.StartAsync(realWorkers: true);

        var run = await lab.Reaches(await lab.SubmitAsync(), RunState.Failed, seconds: 120);

        Assert.Equal(1, run.Attempt);
        Assert.Contains("dataset: must be an object with an id", run.Error, StringComparison.Ordinal);
        Assert.Contains("precisions: must be a list", run.Error, StringComparison.Ordinal);
    }

    /// <summary>The first training is behind it, the second has an epoch and goes on.</summary>
    internal static bool IsInSecondTraining(RunDetail run) =>
        run.Stages.Where(stage => stage.Kind == "train")
            .Select(stage => stage.State)
            .SequenceEqual([StageState.Done, StageState.Running])
        && run.Curve.Any(point => point.Victim == Victim.Benign);

    /// <summary>The first training came from the store; both curves are whole.</summary>
    internal static void AssertResumed(RunDetail run)
    {
        Assert.Equal([true, false], run.Stages.Where(stage => stage.Kind == "train").Select(stage => stage.Cached));
        var epochs = Enumerable.Range(1, TinySpec.Interruptible.Training.Epochs).ToList();
        Assert.Equal(epochs, run.Curve.Where(point => point.Victim == Victim.Backdoored).Select(point => point.Epoch));
        Assert.Equal(epochs, run.Curve.Where(point => point.Victim == Victim.Benign).Select(point => point.Epoch));
        Assert.All(run.Cells, cell => Assert.Equal(Outcome.Value, cell.Outcome));
    }

    private static async Task Until(TestLab lab, string runId, Func<RunDetail, bool> condition)
    {
        var clock = Stopwatch.StartNew();
        while (!condition((await lab.Details.FindAsync(runId))!))
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(240), $"It does not get there: {await lab.Item(runId)}");
            await Task.Delay(50);
        }
    }

    private static Process WorkerOf(TestLab lab) =>
        Process.GetProcessById(((RecordingLauncher)lab.Launcher).LastProcessId);
}
