using BackdoorLab.Engine.Programs;
using BackdoorLab.Web.Features.Check;
using BackdoorLab.Web.Features.Leaderboard;
using BackdoorLab.Web.Features.RunForm;
using BackdoorLab.Web.Features.Runs;
using BackdoorLab.Web.Features.Sharing;
using BackdoorLab.Web.Features.Studies;
using BackdoorLab.Web.Files;
using BackdoorLab.Web.Jobs;
using BackdoorLab.Web.Security;
using BackdoorLab.Web.Shared.Controls;

namespace BackdoorLab.Web.Hosting;

/// <summary>Registration of what pages need besides the stores and the queue.</summary>
public static class DashboardServices
{
    /// <summary>Adds them.</summary>
    public static IServiceCollection AddDashboard(this IServiceCollection services) =>
        services
            .AddSingleton<DatasetShelf>()
            .AddSingleton<TriggerPreview>()
            .AddSingleton<FigureFiles>()
            .AddSingleton<SpeedProbe>()
            .AddSingleton<IModelInspector, ModelInspector>()
            .AddSingleton<IProgramLauncher>(_ => new ProgramLauncher(threads: 1))
            .AddSingleton<ModelShelf>()
            .AddSingleton<RunFiles>()
            .AddSingleton<StudyReports>()
            .AddGuardedServices()
            .AddSingleton<RunTables>()
            .AddSingleton<RunExports>()
            .AddSingleton<BundleWriter>()
            .AddSingleton<CheckReport>()
            .AddSingleton<BundleReader>()
            .AddSingleton<ImportedFiles>()
            .AddScoped<MissingCells>()
            .AddScoped<StudyActions>()
            .AddScoped<LabScript>()
            .AddScoped<Clipboard>()
            .AddScoped<RunBulkActions>()
            .AddScoped<RunActions>();

    // The services that ask the actor before they write.
    private static IServiceCollection AddGuardedServices(this IServiceCollection services) =>
        services
            .AddSingleton<AccountGate>()
            .AddScoped<Actor>()
            .AddScoped<Audit>()
            .AddScoped<RunDesk>()
            .AddScoped<ModelDesk>()
            .AddScoped<ReferenceDesk>()
            .AddScoped<Notebook>()
            .AddScoped<DashboardDesk>()
            .AddScoped<Shares>()
            .AddScoped<ApiKeys>()
            .AddScoped<AccountDesk>();
}
