using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Database;

/// <summary>The lab's tables on SQLite.</summary>
public sealed class SqliteLabDbContext(DbContextOptions<SqliteLabDbContext> options) : LabDbContext(options)
{
    /// <summary>
    /// Deferred: the driver's ordinary transactions begin as writers, and a page being read would hold up the recorder.
    /// </summary>
    internal override async Task<IAsyncDisposable> BeginSnapshotAsync(CancellationToken cancellation)
    {
        await Database.OpenConnectionAsync(cancellation);
        var transaction = ((SqliteConnection)Database.GetDbConnection()).BeginTransaction(deferred: true);
        await Database.UseTransactionAsync(transaction, cancellation);
        return transaction;
    }
}
