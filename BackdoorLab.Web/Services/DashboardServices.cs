using BackdoorLab.Web.Security;

namespace BackdoorLab.Web.Services;

/// <summary>Registration of what pages need besides the stores and the queue.</summary>
public static class DashboardServices
{
    /// <summary>Adds them.</summary>
    public static IServiceCollection AddDashboard(this IServiceCollection services) => services
        .AddSingleton<DatasetShelf>()
        .AddSingleton<TriggerPreview>()
        .AddSingleton<FigureFiles>()
        .AddSingleton<SpeedProbe>()
        .AddSingleton<Runs.IModelInspector, Runs.ModelInspector>()
        .AddSingleton<Engine.Programs.IProgramLauncher>(_ => new Runs.ProgramLauncher(threads: 1))
        .AddSingleton<ModelShelf>()
        .AddSingleton<RunFiles>()
        .AddSingleton<StudyReports>()
        .AddGuardedServices()
        .AddSingleton<Export.RunTables>()
        .AddSingleton<Export.RunExports>()
        .AddSingleton<Export.BundleWriter>()
        .AddSingleton<Export.CheckReport>()
        .AddSingleton<Export.BundleReader>()
        .AddSingleton<Export.ImportedFiles>()
        .AddScoped<MissingCells>()
        .AddScoped<StudyActions>()
        .AddScoped<LabScript>()
        .AddScoped<Clipboard>()
        .AddScoped<RunBulkActions>()
        .AddScoped<RunActions>();
}
