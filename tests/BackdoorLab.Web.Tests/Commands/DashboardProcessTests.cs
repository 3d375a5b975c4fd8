using System.Diagnostics;
using System.Text.RegularExpressions;
using BackdoorLab.Data;
using BackdoorLab.Web.Jobs;
using BackdoorLab.Web.Tests.Jobs;
using BackdoorLab.Web.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Web.Tests.Commands;

/// <summary>The whole program from outside.</summary>
[Trait("Category", "Slow")]
public sealed partial class DashboardProcessTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lab-").FullName;
    private ServiceProvider _data = null!;

    private RunListQuery List => _data.GetRequiredService<RunListQuery>();

    private RunDetailQuery Details => _data.GetRequiredService<RunDetailQuery>();

    public async Task InitializeAsync()
    {
        _data = new ServiceCollection().AddLabData(Path.Combine(_folder, "lab.db")).BuildServiceProvider();
        await _data.GetRequiredService<LabDatabase>().MigrateAsync();
    }

    public async Task DisposeAsync()
    {
        await _data.DisposeAsync();
        LabPools.Clear(_folder);
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Kill_OfTheDashboard_EndsTheWorkerAndTheRunResumesAtNextStart()
    {
        var id = await Enqueue();
        int worker;
        using (var dashboard = DashboardProcess.Start(_folder, "serve"))
        {
            worker = await dashboard.WorkerProcessId();
            await Until(
                async () => RealWorkerTests.IsInSecondTraining((await Details.FindAsync(id))!),
                240,
                () => dashboard.Output
            );
            dashboard.Kill();
        }

        Assert.Equal(RunState.Running, (await List.FindItemAsync(id))!.State);
        await Until(() => Task.FromResult(!IsAlive(worker)), 60, () => $"The worker {worker} is an orphan.");

        using (var dashboard = DashboardProcess.Start(_folder, "serve"))
        {
            await Until(
                async () => (await List.FindItemAsync(id))!.State is RunState.Succeeded or RunState.Failed,
                240,
                () => dashboard.Output
            );
            var run = (await List.FindItemAsync(id))!;
            Assert.True(run.State == RunState.Succeeded, run.Error);
            Assert.Equal(2, run.Attempt);
            RealWorkerTests.AssertResumed((await Details.FindAsync(id))!);
        }
    }

    [SkippableFact]
    public async Task Terminate_OfTheDashboard_InterruptsTheRunAndExitsCleanly()
    {
        Skip.If(OperatingSystem.IsWindows(), "There are no signals on Windows.");
        var id = await Enqueue();
        using var dashboard = DashboardProcess.Start(_folder, "serve");
        var worker = await dashboard.WorkerProcessId();
        await Until(async () => (await Details.FindAsync(id))!.Curve.Count >= 1, 240, () => dashboard.Output);

        Assert.True(dashboard.Terminate(TimeSpan.FromSeconds(60)), $"It did not end:\n{dashboard.Output}");

        Assert.False(IsAlive(worker));
        Assert.Equal(RunState.Interrupted, (await List.FindItemAsync(id))!.State);
        Assert.Equal(0, dashboard.ExitCode);
    }

    [Fact]
    public async Task Demo_Started_QueuesItsStudyAndPrintsWorkingLinks()
    {
        using var dashboard = DashboardProcess.Start(_folder, "demo");

        var link = (await dashboard.Says(DemoLink())).Groups[1].Value;
        var worker = await dashboard.WorkerProcessId();
        using var client = new HttpClient();
        using var answer = await client.GetAsync(new Uri(link));
        using var health = await client.GetAsync(new Uri(new Uri(link), "/healthz"));

        Assert.True(answer.IsSuccessStatusCode, $"{link} answers {answer.StatusCode}.");
        Assert.True(health.IsSuccessStatusCode);
        Assert.True(IsAlive(worker));
        var run = Assert.Single((await List.ListAsync(new RunFilter(), [], 0, 10)).Items);
        Assert.EndsWith(run.Id, link, StringComparison.Ordinal);
        dashboard.Kill();
        await Until(() => Task.FromResult(!IsAlive(worker)), 60, () => "The worker is an orphan.");
    }

    private async Task<string> Enqueue()
    {
        var store = _data.GetRequiredService<RunStore>();
        return (await store.SubmitAsync(RunContent.From(TinySpec.Interruptible, maxAttempts: 2))).Id;
    }

    private static bool IsAlive(int processId)
    {
        try
        {
            using var process = Process.GetProcessById(processId);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static async Task Until(Func<Task<bool>> condition, int seconds, Func<string> what)
    {
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(seconds), what());
            await Task.Delay(50);
        }
    }

    [GeneratedRegex(@"demo study is at (\S+)")]
    private static partial Regex DemoLink();
}
