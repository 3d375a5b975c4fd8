using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace BackdoorLab.Data.Database;

/// <summary>
/// Sets what SQLite keeps per connection. WAL lets the pages read while a recorder writes; <c>synchronous=NORMAL</c> is
/// safe with WAL (a power cut may lose the last second, never the file) and saves one disk flush per transaction; the
/// busy timeout makes SQLite wait in small steps for the one writer, where the driver's own retry sleeps 150 ms at a
/// time.
/// </summary>
internal sealed class SqlitePragmaInterceptor : DbConnectionInterceptor
{
    private const string Pragmas = """
        PRAGMA synchronous=NORMAL;
        PRAGMA foreign_keys=ON;
        PRAGMA busy_timeout=10000;
        PRAGMA temp_store=MEMORY;
        PRAGMA cache_size=-32000;
        """;

    public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData)
    {
        using var command = connection.CreateCommand();
        command.CommandText = IsReadOnly(connection) ? Pragmas : "PRAGMA journal_mode=WAL;" + Pragmas;
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

    /// <summary>
    /// As EF's own, with which it looks whether the file exists: it may not set the journal mode, which is kept in the
    /// file.
    /// </summary>
    private static bool IsReadOnly(DbConnection connection) =>
        new SqliteConnectionStringBuilder(connection.ConnectionString).Mode == SqliteOpenMode.ReadOnly;
}
