using BackdoorLab.Data.Conditions;
using BackdoorLab.Data.Database;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Migrations;

/// <summary>Brings the database file to the schema of this program.</summary>
public sealed class LabDatabase(IDbContextFactory<LabDbContext> contexts, TimeProvider time)
{
    /// <summary>How long to wait for another process that is migrating the same file.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Makes the file and its folder if absent, and applies missing migrations; a file with an older schema is copied
    /// beside itself first. Processes that start together wait for each other.
    /// </summary>
    /// <exception cref="LabDatabaseException">
    /// The file was written by a newer program, is no database of this one, is damaged, or another process keeps it
    /// locked.
    /// </exception>
    public async Task<MigrationReport> MigrateAsync(CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        var path = FilePath(context);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await using var gate = await EnterAsync(path, cancellation);
        try
        {
            DatabaseFile.Check(path);
            return await ApplyAsync(context, path, cancellation);
        }
        catch (SqliteException error) when (DatabaseFile.Of(error, path) is { } words)
        {
            throw words;
        }
    }

    /// <summary>Writes a whole and consistent copy of the database while it is in use.</summary>
    /// <param name="file">Where to; must not exist.</param>
    /// <exception cref="LabDatabaseException">There is no database yet, or the file exists.</exception>
    public async Task BackupAsync(string file, CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        if (!File.Exists(FilePath(context)))
        {
            throw new LabDatabaseException($"There is no database at '{FilePath(context)}'.");
        }

        if (File.Exists(file))
        {
            throw new LabDatabaseException($"'{file}' exists already; a backup overwrites nothing.");
        }

        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);

        // Under another name until it is whole: a backup that broke off must not be taken for one.
        var part = file + ".part";
        File.Delete(part);
        try
        {
            DatabaseFile.Check(FilePath(context), inUse: true);
            Copy(context, part);
            DatabaseFile.Check(part);
        }
        catch (SqliteException error) when (DatabaseFile.Of(error, FilePath(context)) is { } words)
        {
            throw words;
        }

        File.Move(part, file);
    }

    private async Task<MigrationReport> ApplyAsync(LabDbContext context, string path, CancellationToken cancellation)
    {
        var existed = File.Exists(path) && new FileInfo(path).Length > 0;
        var applied = existed ? (await context.Database.GetAppliedMigrationsAsync(cancellation)).ToList() : [];
        var known = context.Database.GetMigrations().ToList();
        if (existed && applied.Count == 0 && await HasOtherTablesAsync(context, cancellation))
        {
            throw DatabaseFile.Foreign(path);
        }

        var unknown = applied.Except(known).ToList();
        if (unknown.Count > 0)
        {
            throw new LabDatabaseException(
                $"'{path}' was written by a newer version of this program (it has the schema change '{unknown[^1]}', "
                + "which this version does not know). Start the newer version, or choose another path for the "
                + "database.");
        }

        var pending = known.Except(applied).ToList();
        if (pending.Count == 0)
        {
            await FillAsync(context, known, cancellation);
            return new MigrationReport([], null);
        }

        var backup = applied.Count > 0 ? Backup(context, path) : null;
        if (existed)
        {
            await ClearStaleLockAsync(context, cancellation);
        }

        await context.Database.MigrateAsync(cancellation);
        await FillAsync(context, known, cancellation);
        return new MigrationReport(pending, backup);
    }

    /// <summary>
    /// Whether a file without our migrations has tables: then it is another program's, and ours must not come in
    /// between.
    /// </summary>
    private static async Task<bool> HasOtherTablesAsync(LabDbContext context, CancellationToken cancellation) =>
        await context.Database
            .SqlQueryRaw<int>(
                "SELECT COUNT(*) AS Value FROM sqlite_master WHERE type = 'table' "
                + "AND name NOT LIKE '\\_\\_EFMigrations%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")
            .SingleAsync(cancellation) > 0;

    /// <summary>
    /// What a column needs that SQL cannot compute; at every start, since a first one may have broken off.
    /// </summary>
    private static Task FillAsync(LabDbContext context, IReadOnlyList<string> known, CancellationToken cancellation) =>
        known.Any(migration => migration.EndsWith("_Conditions", StringComparison.Ordinal))
            ? RecordedConditions.FillAsync(context, cancellation)
            : Task.CompletedTask;

    /// <summary>
    /// EF keeps its migration lock in a table, where it survives a crash and then blocks for ever. Whoever migrates
    /// holds our file lock, which the system releases with the process: so a lock in the table now is a dead one.
    /// </summary>
    private static async Task ClearStaleLockAsync(LabDbContext context, CancellationToken cancellation)
    {
        var tables = await context.Database
            .SqlQueryRaw<int>(
                "SELECT COUNT(*) AS Value FROM sqlite_master WHERE type = 'table' AND name = '__EFMigrationsLock'")
            .SingleAsync(cancellation);
        if (tables > 0)
        {
            await context.Database.ExecuteSqlRawAsync("DELETE FROM \"__EFMigrationsLock\"", cancellation);
        }
    }

    /// <summary>
    /// By SQLite's own backup, which includes what is still in the write-ahead log; a copy of the file would not.
    /// </summary>
    private string Backup(LabDbContext context, string path)
    {
        var stamp = time.GetUtcNow().ToString("yyyyMMdd-HHmmss", System.Globalization.CultureInfo.InvariantCulture);
        var backup = Path.Combine(
            Path.GetDirectoryName(path)!,
            $"{Path.GetFileNameWithoutExtension(path)}.before-{stamp}{Path.GetExtension(path)}");
        Copy(context, backup);
        return backup;
    }

    private static void Copy(LabDbContext context, string file)
    {
        using var source = new SqliteConnection(context.Database.GetConnectionString());
        using var target = new SqliteConnection(
            new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString());
        source.Open();
        target.Open();
        source.BackupDatabase(target);
    }

    private async Task<FileStream> EnterAsync(string path, CancellationToken cancellation)
    {
        var start = time.GetTimestamp();
        while (true)
        {
            try
            {
                return new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException error) when (time.GetElapsedTime(start) > Patience)
            {
                throw new LabDatabaseException(
                    $"Waited {Patience.TotalSeconds:0.#} s to bring '{path}' up to date, in vain: {error.Message} "
                    + "Another copy of this program may be starting on the same database; try again when it has.",
                    error);
            }
            catch (IOException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), cancellation);
            }
        }
    }

    private static string FilePath(LabDbContext context)
    {
        var source = new SqliteConnectionStringBuilder(context.Database.GetConnectionString()).DataSource;
        return string.IsNullOrEmpty(source) || source == ":memory:"
            ? throw new LabDatabaseException(
                "The database must be a file: one in memory would vanish with its connection.")
            : Path.GetFullPath(source);
    }
}
