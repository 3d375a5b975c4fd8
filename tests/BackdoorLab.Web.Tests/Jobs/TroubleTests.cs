using System.Diagnostics;
using System.Net;
using BackdoorLab.Data;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Jobs;
using BackdoorLab.Web.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Web.Tests.Jobs;

/// <summary>A locked database and a full disk cost time, and no run.</summary>
[Trait("Category", "Slow")]
public sealed class TroubleTests : IDisposable
{
    private static readonly CellId Undefended = new(Victim.Backdoored, "float32", null);

    private static readonly RunStarted Plan = new(
        [new PlannedStage("k1", "train", "Training the victim", 30)],
        [Undefended],
        new Dictionary<string, string> { ["threads"] = "1" },
        30
    );

    private readonly DatabasePressure _database = new();
    private readonly ManualResetEventSlim _go = new();

    public void Dispose() => _go.Dispose();

    [Fact]
    public async Task Database_LockedWhileARunEnds_TakesItInAfterwards()
    {
        await using var lab = await Start();
        lab.Workers.Next(WorkAndComplete);
        var id = await lab.SubmitAsync();
        await lab.Reaches(id, run => run.EstimatedSeconds == 30);

        await using (await DatabasePressure.Lock(lab))
        {
            _go.Set();
            await Sees(lab, DatabaseTrouble.Busy);

            // It has not ended as far as anybody can know, and nobody says that it failed.
            Assert.Equal(RunState.Running, (await lab.Item(id)).State);
        }

        await IsWhole(lab, id, "was locked by another program");
    }

    [Fact]
    public async Task Database_LockedWhenItIsARunsTurn_StartsItAfterwards()
    {
        await using var lab = await Start();
        _go.Set();
        lab.Workers.Next(WorkAndComplete);
        var id = (
            await lab.Store.SubmitAsync(
                new NewRun
                {
                    SpecJson = "{}",
                    ConfigHash = "c",
                    Seed = 1,
                    Dataset = "d",
                    Model = "m",
                    Attack = "a",
                }
            )
        ).Id;
        var locked = await DatabasePressure.Lock(lab);

        var job = ActivatorUtilities.CreateInstance<RunJob>(lab.Services).Execute(default);
        await Sees(lab, DatabaseTrouble.Busy);
        Assert.Equal(RunState.Queued, (await lab.Item(id)).State);
        await locked.DisposeAsync();
        await job;

        Assert.Equal((RunState.Succeeded, 1), ((await lab.Item(id)).State, (await lab.Item(id)).Attempt));
    }

    [Fact]
    public async Task Database_WithoutSpace_TakesTheRunInWhenThereIsSome()
    {
        await using var lab = await Start();
        lab.Workers.Next(WorkAndComplete);
        var id = await lab.SubmitAsync();
        await lab.Reaches(id, run => run.EstimatedSeconds == 30);

        _database.Full = true;
        _go.Set();
        await Sees(lab, DatabaseTrouble.Full);
        Assert.Equal(RunState.Running, (await lab.Item(id)).State);
        _database.Full = false;

        await IsWhole(lab, id, "disk of the lab was full");
    }

    [Fact]
    public async Task Database_LockedUntilTheDashboardStops_RunContinuesAtTheNextStart()
    {
        var folder = Directory.CreateTempSubdirectory("lab-").FullName;
        try
        {
            string id;
            await using (var lab = await Start(folder))
            {
                lab.Workers.Next(WorkAndComplete);
                id = await lab.SubmitAsync();
                await lab.Reaches(id, run => run.EstimatedSeconds == 30);
                await using var locked = await DatabasePressure.Lock(lab);
                _go.Set();
                await Sees(lab, DatabaseTrouble.Busy);
                await lab.StopAsync();
            }

            // The next start waits too, where it has to.
            IAsyncDisposable other = await DatabasePressure.Lock(folder);
            var starting = TestLab.StartAsync(_ => { }, _database.On, folder, false, WorkAndComplete);
            Assert.NotSame(starting, await Task.WhenAny(starting, Task.Delay(TimeSpan.FromSeconds(5))));
            await other.DisposeAsync();
            await using (var lab = await starting)
            {
                Assert.Equal(2, (await lab.Reaches(id, RunState.Succeeded)).Attempt);
            }
        }
        finally
        {
            LabPools.Clear(folder);
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Lease_ThatCouldNotBeRenewed_TakesNoSupervisedRunAway()
    {
        await using var lab = await Start();
        lab.Workers.Next(WorkAndComplete);
        var id = await lab.SubmitAsync();
        await lab.Reaches(id, RunState.Running);
        var active = lab.Services.GetRequiredService<ActiveRuns>();

        Assert.Equal([id], active.Ids);
        Assert.Empty(await lab.Leases.RecoverLostAsync(DateTime.UtcNow.AddHours(1), supervised: active.Ids));
        _go.Set();

        Assert.Equal(1, (await lab.Reaches(id, RunState.Succeeded)).Attempt);
    }

    [Theory]
    [InlineData(false, "locked by another program")]
    [InlineData(true, "disk of the lab is full")]
    public async Task Submit_ToADatabaseThatTakesNothing_SaysWhy(bool full, string words)
    {
        await using var lab = await Start();
        using var client = new HttpClient { BaseAddress = lab.Address };
        _database.Full = full;
        await using var locked = full ? null : await DatabasePressure.Lock(lab);

        // More than fits between what the file already has.
        var spec = SpecJson.Write(
            TinySpec.Short with
            {
                Defenses = [.. Enumerable.Range(10, 400).Select(overlays => new Strip { Overlays = overlays })],
            }
        );

        using var answer = await client.PostAsync(
            new Uri("/api/v1/runs", UriKind.Relative),
            new StringContent(spec, null, "application/json")
        );

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
        Assert.Contains(words, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.NotNull(answer.Headers.RetryAfter);
        Assert.Equal(0, (await lab.Facets.CountsAsync()).Values.Sum());
    }

    [Fact]
    public async Task Database_LockedDuringARealRun_KeepsItsFilesAndTakesThemIn()
    {
        await using var lab = await TestLab.StartAsync(_ => { }, _database.On, realWorkers: true);
        var launcher = (RecordingLauncher)lab.Launcher;
        launcher.Close();
        var id = await lab.Queue.SubmitAsync(TinySpec.Short);
        launcher.WaitForARun();
        string[] written;
        await using (await DatabasePressure.Lock(lab))
        {
            // From here on everything that the run reports meets a locked database, however quick it is.
            launcher.Open();

            // The undefended model and the defense: both have a result file when the worker is through.
            await Until(() => Results(lab).Length >= 2, 240);
            await Sees(lab, DatabaseTrouble.Busy);
            written = Results(lab);
            Assert.Equal(RunState.Running, (await lab.Item(id)).State);
        }

        var run = await lab.Reaches(id, RunState.Succeeded, seconds: 120);

        Assert.Equal(1, run.Attempt);
        Assert.All((await lab.Details.FindAsync(id))!.Cells, cell => Assert.Equal(Outcome.Value, cell.Outcome));
        Assert.All(written, file => Assert.True(File.Exists(file)));
    }

    [SkippableFact]
    public async Task Disk_WithoutSpaceForARealRun_FailsItWithTheReasonAndRetryContinues()
    {
        var folder = Directory.CreateTempSubdirectory("lab-").FullName;
        var artifacts = Directory.CreateDirectory(Path.Combine(folder, "artifacts")).FullName;
        Skip.IfNot(
            OperatingSystem.IsLinux() && Mount("-t", "tmpfs", "-o", "size=128k", "tmpfs", artifacts),
            "A small disk can be made by the system's administrator alone."
        );
        try
        {
            await using var lab = await TestLab.StartAsync(folder, realWorkers: true);
            var id = await lab.Queue.SubmitAsync(TinySpec.Short);

            var failed = await lab.Reaches(id, run => run.State is RunState.Failed or RunState.Succeeded, seconds: 240);
            Assert.Equal((RunState.Failed, FullDisk.Words), (failed.State, failed.Error));
            Assert.Empty(Directory.GetFiles(artifacts, "*.tmp", SearchOption.AllDirectories));

            Assert.True(Mount("-o", "remount,size=64m", artifacts));
            Assert.True(await lab.Queue.EnqueueAsync(id));
            await lab.Reaches(id, RunState.Succeeded, seconds: 240);
        }
        finally
        {
            Run("umount", artifacts);
            LabPools.Clear(folder);
            Directory.Delete(folder, recursive: true);
        }
    }

    private Task<TestLab> Start(string? folder = null) => TestLab.StartAsync(_ => { }, _database.On, folder);

    private void WorkAndComplete(ScriptedWorker worker)
    {
        worker.Report(Plan, new StageStarted("k1"));
        _go.Wait(TimeSpan.FromMinutes(1));
        worker.Report(
            new CellFinished(
                new CellResult
                {
                    Id = Undefended,
                    Outcome = Outcome.Value,
                    Measurements = [new("clean-accuracy", 0.97)],
                }
            )
        );

        // More than fits between what the file already has.
        worker.Report([
            .. Enumerable.Range(0, 100).Select(i => new LogWritten("info", $"{i} {new string('x', 5_000)}")),
        ]);
        worker.Complete();
    }

    private static async Task IsWhole(TestLab lab, string id, string words)
    {
        var run = await lab.Reaches(id, RunState.Succeeded);
        var log = await lab.Details.LogTailAsync(id, 1000);
        Assert.Equal((1, (double?)0.97), (run.Attempt, run.CleanAccuracy));
        Assert.Equal(1, lab.Workers.Started);
        Assert.Equal(100, log.Count(line => line.Level == "info"));
        Assert.Contains(words, Assert.Single(log, line => line.Level == "warning").Text, StringComparison.Ordinal);
        await Until(() => lab.Services.GetRequiredService<DatabaseWatch>().Now is null, 60);
    }

    private static Task Sees(TestLab lab, DatabaseTrouble trouble) =>
        Until(() => lab.Services.GetRequiredService<DatabaseWatch>().Now?.Trouble == trouble, 120);

    private static string[] Results(TestLab lab) =>
        Directory.GetFiles(Path.Combine(lab.Folder, "artifacts"), "cell.json", SearchOption.AllDirectories);

    private static async Task Until(Func<bool> condition, int seconds)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(seconds), $"It is not so after {seconds} s.");
            await Task.Delay(50);
        }
    }

    private static bool Mount(params string[] arguments) => Run("mount", arguments) == 0;

    private static int Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardError = true };
        Array.ForEach(arguments, start.ArgumentList.Add);
        using var process = Process.Start(start)!;
        process.WaitForExit();
        return process.ExitCode;
    }
}
