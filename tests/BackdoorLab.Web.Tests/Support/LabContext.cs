using BackdoorLab.Data;
using BackdoorLab.Web.Hosting;
using BackdoorLab.Web.Jobs;
using Bunit;
using Hangfire;
using Hangfire.Common;
using Hangfire.States;
using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor;
using MudBlazor.Services;

namespace BackdoorLab.Web.Tests.Support;

/// <summary>
/// Pages over a real database in a folder of their own; only the job server and the browser are missing.
/// </summary>
public sealed class LabContext : BunitContext, IAsyncLifetime
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), "lab-ui-" + Guid.NewGuid().ToString("N"));

    public LabContext()
    {
        DefaultWaitTimeout = TimeSpan.FromSeconds(30);
        JSInterop.Mode = JSRuntimeMode.Loose;
        JSInterop.SetupModule();
        var options = new LabOptions
        {
            Lab = _folder,
            Data = Path.Combine(_folder, "datasets"),
            Threads = 1,
        };
        Directory.CreateDirectory(options.ArtifactFolder);
        Services.AddSingleton(options);
        Services.AddSingleton(TimeProvider.System);
        Services.AddLabData(options.DatabaseFile);
        Services.ConfigureDbContext<SqliteLabDbContext>(database =>
            database.LogTo(
                (happened, _) => happened == RelationalEventId.CommandExecuting,
                happened => Statements.Enqueue(((CommandEventData)happened).Command.CommandText)
            )
        );
        Services.AddMudServices();
        Services.AddDashboard();
        Services.AddSingleton<RunFeed>();
        Services.AddSingleton<DatabaseWatch>();
        Services.AddSingleton<SharedReadings>();
        Services.AddSingleton<ActiveRuns>();
        Services.AddSingleton<IBackgroundJobClient>(Jobs);
        Services.AddSingleton<RunQueue>();
    }

    /// <summary>Jobs that were handed over.</summary>
    public RecordingJobs Jobs { get; } = new();

    /// <summary>What the database was asked, in order.</summary>
    public System.Collections.Concurrent.ConcurrentQueue<string> Statements { get; } = new();

    public RunListQuery List => Services.GetRequiredService<RunListQuery>();

    public RunQueueQuery Queue => Services.GetRequiredService<RunQueueQuery>();

    public RunFacetQuery Facets => Services.GetRequiredService<RunFacetQuery>();

    public RunDetailQuery Details => Services.GetRequiredService<RunDetailQuery>();

    public StudyQuery Studies => Services.GetRequiredService<StudyQuery>();

    public BoardQuery Boards => Services.GetRequiredService<BoardQuery>();

    public SampleRuns Samples => new(Services, Services.GetRequiredService<LabOptions>().ArtifactFolder);

    public string Address => Services.GetRequiredService<NavigationManager>().Uri;

    public Task InitializeAsync() => Services.GetRequiredService<LabDatabase>().MigrateAsync();

    async Task IAsyncLifetime.DisposeAsync()
    {
        await base.DisposeAsync();
        LabPools.Clear(_folder);
        Directory.Delete(_folder, true);
    }

    /// <summary>Goes to an address, then renders its page with what menus and dialogs need around it.</summary>
    public IRenderedComponent<TPage> Open<TPage>(
        string address,
        Action<ComponentParameterCollectionBuilder<TPage>>? parameters = null
    )
        where TPage : IComponent
    {
        Services.GetRequiredService<NavigationManager>().NavigateTo(address);
        Render<MudPopoverProvider>();
        return Render<TPage>(parameters ?? (_ => { }));
    }

    /// <summary>Keeps jobs instead of running them.</summary>
    public sealed class RecordingJobs : IBackgroundJobClient
    {
        public List<Job> Created { get; } = [];

        public string Create(Job job, IState state)
        {
            Created.Add(job);
            return Created.Count.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        public bool ChangeState(string jobId, IState state, string expectedState) => true;
    }
}
