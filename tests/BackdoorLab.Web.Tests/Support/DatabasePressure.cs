using System.Data.Common;
using BackdoorLab.Data;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Web.Tests.Support;

/// <summary>
/// A database that says soon, and not after half a minute, that it is locked, and that can be made to have no space:
/// SQLite's own limit of pages.
/// </summary>
public sealed class DatabasePressure : DbConnectionInterceptor
{
    private const int Unlimited = 1_073_741_823;

    /// <summary>Whether the file may grow no more.</summary>
    public bool Full { get; set; }

    /// <summary>Puts it under a lab.</summary>
    public void On(IServiceCollection services) =>
        services.ConfigureDbContext<SqliteLabDbContext>(options => options.AddInterceptors(this));

    /// <summary>Locks a lab's database as another program would; disposing ends it.</summary>
    public static Task<IAsyncDisposable> Lock(TestLab lab) => Lock(lab.Folder);

    /// <summary>Locks the database in a lab's folder.</summary>
    public static async Task<IAsyncDisposable> Lock(string folder)
    {
        var connection = new SqliteConnection(
            new SqliteConnectionStringBuilder
            {
                DataSource = Path.Combine(folder, "lab.db"),
                Pooling = false,
            }.ToString()
        );
        await connection.OpenAsync();
        await using var begin = connection.CreateCommand();
        begin.CommandText = "BEGIN IMMEDIATE";
        await begin.ExecuteNonQueryAsync();
        return connection;
    }

    public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData)
    {
        ((SqliteConnection)connection).DefaultTimeout = 1;
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA page_count";
        var pages = (long)command.ExecuteScalar()!;
        command.CommandText = $"PRAGMA busy_timeout=100; PRAGMA max_page_count={(Full ? pages : Unlimited)}";
        command.ExecuteNonQuery();
    }

    public override Task ConnectionOpenedAsync(
        DbConnection connection,
        ConnectionEndEventData eventData,
        CancellationToken cancellationToken = default
    )
    {
        ConnectionOpened(connection, eventData);
        return Task.CompletedTask;
    }
}
