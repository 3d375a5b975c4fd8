using BackdoorLab.Data.Accounts;
using BackdoorLab.Data.Database;
using BackdoorLab.Data.Migrations;
using BackdoorLab.Data.Notes;
using BackdoorLab.Data.Queries;
using BackdoorLab.Data.References;
using BackdoorLab.Data.Runs;
using BackdoorLab.Data.Sharing;
using BackdoorLab.Data.Studies;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace BackdoorLab.Data;

/// <summary>Registration.</summary>
public static class LabDataServices
{
    /// <summary>
    /// Registers the database, its stores and its queries as singletons; each of their operations uses a context of its
    /// own. Call <see cref="LabDatabase.MigrateAsync"/> before the first use.
    /// </summary>
    /// <param name="pathOrConnectionString">
    /// Path of the database file, or a SQLite connection string (recognised by its <c>=</c>).
    /// </param>
    public static IServiceCollection AddLabData(this IServiceCollection services, string pathOrConnectionString)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(pathOrConnectionString);
        var connectionString = ConnectionString(pathOrConnectionString);

        services.TryAddSingleton(TimeProvider.System);
        services.AddDbContextFactory<SqliteLabDbContext>(options =>
            options.UseSqlite(connectionString).AddInterceptors(new SqlitePragmaInterceptor())
        );
        services.AddSingleton<IDbContextFactory<LabDbContext>, SqliteFactory>();
        services.AddSingleton<LabDatabase>();
        services.AddSingleton<RunStore>();
        services.AddSingleton<RunLeases>();
        services.AddSingleton<RunRecording>();
        services.AddSingleton<RunImport>();
        services.AddSingleton<RunBulk>();
        services.AddSingleton<NamedFiles>();
        services.AddSingleton<StudyStore>();
        services.AddSingleton<RunListQuery>();
        services.AddSingleton<RunQueueQuery>();
        services.AddSingleton<RunFacetQuery>();
        services.AddSingleton<RunDetailQuery>();
        services.AddSingleton<RunGroupQuery>();
        services.AddSingleton<RunStreamQuery>();
        services.AddSingleton<StudyQuery>();
        services.AddSingleton<MatrixQuery>();
        services.AddSingleton<BoardQuery>();
        services.AddSingleton<BoardCellQuery>();
        services.AddSingleton<CompareQuery>();
        services.AddSingleton<ReferenceStore>();
        services.AddSingleton<AccountQueries>();
        services.AddSingleton<ShareStore>();
        services.AddSingleton<ApiKeyStore>();
        services.AddSingleton<AuditLog>();
        services.AddSingleton<NoteStore>();
        services.AddSingleton<ViewStore>();
        services.AddSingleton<DashboardStore>();
        return services;
    }

    private static string ConnectionString(string text) =>
        text.Contains('=', StringComparison.Ordinal)
            ? text
            : new SqliteConnectionStringBuilder { DataSource = Path.GetFullPath(text), ForeignKeys = true }.ToString();

    private sealed class SqliteFactory(IDbContextFactory<SqliteLabDbContext> inner, TimeProvider time)
        : IDbContextFactory<LabDbContext>
    {
        public LabDbContext CreateDbContext()
        {
            var context = inner.CreateDbContext();
            context.Time = time;
            return context;
        }
    }
}
