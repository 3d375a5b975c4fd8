using System.Reflection;
using BackdoorLab.Data;
using BackdoorLab.Web.Api;
using BackdoorLab.Web.Files;
using BackdoorLab.Web.Jobs;
using BackdoorLab.Web.Security;
using BackdoorLab.Web.Shared.Layout;
using Hangfire;
using Hangfire.InMemory;
using Microsoft.AspNetCore.DataProtection;
using MudBlazor;
using MudBlazor.Services;

namespace BackdoorLab.Web.Hosting;

/// <summary>
/// Builds the dashboard: services, database, jobs, pipeline and endpoints. Used by the program and, with port 0, by
/// tests.
/// </summary>
public static class LabHost
{
    /// <summary>Builds a dashboard that is ready to start; the database is migrated.</summary>
    /// <param name="options">Checked settings.</param>
    /// <param name="configure">Replaces services, in tests.</param>
    public static async Task<WebApplication> Build(LabOptions options, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = WebApplication.CreateBuilder(
            new WebApplicationOptions
            {
                ApplicationName = Assembly.GetExecutingAssembly().GetName().Name,

                // The program may be started from any folder; its files are beside it.
                ContentRootPath = AppContext.BaseDirectory,
            }
        );
        Directory.CreateDirectory(options.ArtifactFolder);
        AddHost(builder, options);
        AddServices(builder.Services, options);
        configure?.Invoke(builder);

        var app = builder.Build();
        Use(app);
        await app.Services.GetRequiredService<LabDatabase>().MigrateAsync();
        await app.Services.GetRequiredService<ImportedFiles>().CleanUp();
        return app;
    }

    private static void AddHost(WebApplicationBuilder builder, LabOptions options)
    {
        // A build that was not published keeps its static files in packages and source folders; the manifest says
        // where.
        builder.WebHost.UseStaticWebAssets();
        builder.WebHost.UseUrls([.. options.Addresses]).ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("Hangfire", LogLevel.Warning);

        // It warns that keys are stored in plain text, as everything else in the lab folder is.
        builder.Logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
        builder.Logging.AddSimpleConsole(console => console.SingleLine = true);

        // Longer than Hangfire's wait, which is longer than a worker may take to stop.
        builder.Services.Configure<HostOptions>(host =>
            host.ShutdownTimeout = TimeSpan.FromSeconds(options.StopSeconds + 20)
        );
    }

    private static void AddServices(IServiceCollection services, LabOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton(TimeProvider.System);
        services.AddDataProtection().PersistKeysToFileSystem(new DirectoryInfo(options.KeyFolder));
        services.AddLabData(options.DatabaseFile);
        services.AddRazorComponents().AddInteractiveServerComponents();

        // Above, messages would cover the buttons that a page has at its head.
        services.AddMudServices(mud => mud.SnackbarConfiguration.PositionClass = Defaults.Classes.Position.BottomRight);
        services.AddDashboard();

        services.AddSingleton<RunFeed>();
        services.AddSingleton<DatabaseWatch>();
        services.AddSingleton<SharedReadings>();
        services.AddSingleton<RunQueue>();
        services.AddSingleton<RunOwner>();
        services.AddSingleton<DemoRun>();
        services.AddSingleton<ActiveRuns>();
        services.AddSingleton<IWorkerLauncher, WorkerLauncher>();
        services.AddSingleton<Webhook>();
        services.AddTransient<RunJob>();
        services.AddHostedService<Recovery>();
        services.AddExceptionHandler<DatabaseTroubleAnswer>();
        services.AddLabSecurity(options);
        services.AddLabApi();
        AddJobs(services, options);
    }

    private static void AddJobs(IServiceCollection services, LabOptions options)
    {
        // Registered here and not through the library's global, so that two dashboards in one process do not share a
        // queue.
        services.AddSingleton<JobStorage>(_ => new InMemoryStorage());
        services.AddHangfire(
            (provider, jobs) =>
                jobs.UseStorage(provider.GetRequiredService<JobStorage>()).UseRecommendedSerializerSettings()
        );
        services.AddHangfireServer(
            (provider, server) =>
            {
                server.Activator = new JobServices(provider.GetRequiredService<IServiceScopeFactory>());
                server.WorkerCount = 1;
                server.CancellationCheckInterval = TimeSpan.FromSeconds(1);
                server.ShutdownTimeout = TimeSpan.FromSeconds(options.StopSeconds + 10);
            }
        );
    }

    private static void Use(WebApplication app)
    {
        app.UseSecurityHeaders();
        app.UseExceptionHandler(failed => failed.Run(Fail));

        // A server's bare 404 is a blank window in the browser; the page of the dashboard says where to go.
        app.UseStatusCodePagesWithReExecute(LabUrls.NotFound, createScopeForStatusCodePages: true);
        app.UseLabSecurity();
        app.MapStaticAssets().AllowAnonymous();
        app.MapGet("/healthz", () => HttpResults.Text("ok")).AllowAnonymous();
        app.MapArtifacts();
        app.MapShared();
        app.MapLabApi();
        app.MapExports();
        app.MapModels();

        // The policy of all answers has frame-ancestors already.
        app.MapRazorComponents<App>()
            .AddInteractiveServerRenderMode(mode => mode.ContentSecurityFrameAncestorsPolicy = null)
            .AllowCircuitsOfAnybody();
    }

    private static Task Fail(HttpContext context)
    {
        // The cause is in the server's log, under this id.
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(
            $"The dashboard could not answer this request. Its log has the cause under {context.TraceIdentifier}."
        );
    }
}
