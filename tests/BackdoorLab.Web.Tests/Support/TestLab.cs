using System.Diagnostics;
using BackdoorLab.Data;
using BackdoorLab.Web.Hosting;
using BackdoorLab.Web.Jobs;
using Hangfire;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace BackdoorLab.Web.Tests.Support;

/// <summary>A whole dashboard on a free port and a folder of its own, with scripted workers or real ones.</summary>
public sealed class TestLab : IAsyncDisposable
{
    private readonly bool _ownsFolder;
    private WebApplication? _app;

    private TestLab(string? folder)
    {
        _ownsFolder = folder is null;
        Folder = folder ?? Directory.CreateTempSubdirectory("lab-").FullName;
    }

    public string Folder { get; }

    public ScriptedWorkers Workers { get; } = new();

    internal ErrorLog Errors { get; } = new();

    public IServiceProvider Services => _app!.Services;

    public RunStore Store => Services.GetRequiredService<RunStore>();

    public RunLeases Leases => Services.GetRequiredService<RunLeases>();

    public RunBulk Bulk => Services.GetRequiredService<RunBulk>();

    public RunListQuery List => Services.GetRequiredService<RunListQuery>();

    public RunFacetQuery Facets => Services.GetRequiredService<RunFacetQuery>();

    public RunDetailQuery Details => Services.GetRequiredService<RunDetailQuery>();

    public RunQueue Queue => Services.GetRequiredService<RunQueue>();

    public IWorkerLauncher Launcher => Services.GetRequiredService<IWorkerLauncher>();

    public RunFeed Feed => Services.GetRequiredService<RunFeed>();

    public Uri Address => new(_app!.Urls.First());

    /// <summary>Starts one.</summary>
    /// <param name="folder">A folder that outlives it, or null for one that goes with it.</param>
    /// <param name="realWorkers">Whether runs start real processes.</param>
    /// <param name="scripts">Scripts of the first workers, for runs that are resumed at start.</param>
    public static Task<TestLab> StartAsync(
        string? folder = null,
        bool realWorkers = false,
        params Action<ScriptedWorker>[] scripts
    ) => StartAsync(_ => { }, folder, realWorkers, scripts);

    /// <summary>Starts one with other settings.</summary>
    public static Task<TestLab> StartAsync(
        Action<LabOptions> settings,
        string? folder = null,
        bool realWorkers = false,
        params Action<ScriptedWorker>[] scripts
    ) => StartAsync(settings, _ => { }, folder, realWorkers, scripts);

    /// <summary>Starts one with other settings and services.</summary>
    public static async Task<TestLab> StartAsync(
        Action<LabOptions> settings,
        Action<IServiceCollection> services,
        string? folder = null,
        bool realWorkers = false,
        params Action<ScriptedWorker>[] scripts
    )
    {
        var lab = new TestLab(folder);
        Array.ForEach(scripts, lab.Workers.Next);
        var options = new LabOptions
        {
            Lab = lab.Folder,
            Data = Path.Combine(lab.Folder, "datasets"),
            Urls = "http://127.0.0.1:0",
            Threads = 1,
            StopSeconds = 5,
        };
        settings(options);
        lab._app = await LabHost.Build(
            options,
            builder =>
            {
                services(builder.Services);
                builder.Logging.AddProvider(lab.Errors);
                if (realWorkers)
                {
                    builder.Services.AddSingleton<IWorkerLauncher, RecordingLauncher>();
                }
                else
                {
                    builder.Services.AddSingleton<IWorkerLauncher>(lab.Workers);
                }
            }
        );
        await lab._app.StartAsync();
        return lab;
    }

    /// <summary>A queued run whose spec no scripted worker reads.</summary>
    public async Task<string> SubmitAsync(int maxAttempts = 2)
    {
        var run = await Store.SubmitAsync(
            new NewRun
            {
                SpecJson = "{}",
                ConfigHash = "c",
                Seed = 1,
                Dataset = "d",
                Model = "m",
                Attack = "a",
                MaxAttempts = maxAttempts,
            }
        );
        Services.GetRequiredService<IBackgroundJobClient>().Enqueue<RunJob>(job => job.Execute(CancellationToken.None));
        return run.Id;
    }

    public async Task<RunItem> Item(string runId) => (await List.FindItemAsync(runId))!;

    public Task<RunItem> Reaches(string runId, RunState state, int seconds = 60) =>
        Reaches(runId, run => run.State == state, seconds);

    public async Task<RunItem> Reaches(string runId, Func<RunItem, bool> condition, int seconds = 60)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var run = await Item(runId);
            if (condition(run))
            {
                return run;
            }

            Assert.True(
                clock.Elapsed < TimeSpan.FromSeconds(seconds),
                $"After {seconds} s the run is {run.State}, attempt {run.Attempt}, {run.Fraction:P0} {run.Phase}. {run.Error}"
            );
            await Task.Delay(50);
        }
    }

    public async Task StopAsync()
    {
        if (_app is { } app)
        {
            _app = null;
            await app.StopAsync();
            await app.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        if (_ownsFolder)
        {
            LabPools.Clear(Folder);
            Directory.Delete(Folder, recursive: true);
        }
    }
}
