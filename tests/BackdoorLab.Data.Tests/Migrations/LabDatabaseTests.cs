using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Data.Tests.Migrations;

public sealed class LabDatabaseTests : IAsyncLifetime
{
    private readonly LabFixture _lab = new();

    public Task InitializeAsync()
    {
        _lab.Open();
        return Task.CompletedTask;
    }

    public Task DisposeAsync() => _lab.DisposeAsync();

    [Fact]
    public async Task Migrate_FromNothing_MakesAWorkingDatabaseOnce()
    {
        var first = await _lab.Database.MigrateAsync();
        var second = await _lab.Database.MigrateAsync();

        Assert.NotEmpty(first.Applied);
        Assert.Null(first.Backup);
        Assert.Empty(second.Applied);
        Assert.NotNull(await _lab.Store.QueuedAsync());
    }

    [Fact]
    public async Task Migrate_ManyAtOnce_AllSucceed()
    {
        var reports = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => _lab.Database.MigrateAsync())));

        Assert.Single(reports, report => report.Applied.Count > 0);
    }

    [Fact]
    public async Task Migrate_FileOfANewerProgram_SaysSoAndTouchesNothing()
    {
        await _lab.Database.MigrateAsync();
        await SqlAsync("INSERT INTO __EFMigrationsHistory VALUES ('99990101000000_FromTheFuture', '99.0.0')");

        var error = await Assert.ThrowsAsync<LabDatabaseException>(() => _lab.Database.MigrateAsync());

        Assert.Contains("newer version", error.Message, StringComparison.Ordinal);
        Assert.Contains("99990101000000_FromTheFuture", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Migrate_FileThatIsNoDatabase_SaysSo()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_lab.DatabasePath)!);
        await File.WriteAllTextAsync(_lab.DatabasePath, new string('x', 5000));

        var error = await Assert.ThrowsAsync<LabDatabaseException>(() => _lab.Database.MigrateAsync());

        Assert.Contains(_lab.DatabasePath, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Migrate_LockLeftByACrash_DoesNotBlock()
    {
        // As a program leaves it that died between taking the lock and its first change.
        Directory.CreateDirectory(Path.GetDirectoryName(_lab.DatabasePath)!);
        await SqlAsync("CREATE TABLE __EFMigrationsLock (Id INTEGER NOT NULL PRIMARY KEY, Timestamp TEXT NOT NULL)");
        await SqlAsync("INSERT INTO __EFMigrationsLock VALUES (1, '2026-01-01 00:00:00+00:00')");

        var migration = _lab.Database.MigrateAsync();

        Assert.Same(migration, await Task.WhenAny(migration, Task.Delay(TimeSpan.FromMinutes(1))));
        Assert.NotEmpty((await migration).Applied);
    }

    [Fact]
    public async Task Migrate_WhileAnotherProcessDoes_WaitsAndThenSaysWhy()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_lab.DatabasePath)!);
        var database = new LabDatabase(_lab.Contexts, _lab.Clock) { Patience = TimeSpan.FromSeconds(0.3) };
        using (new FileStream(_lab.DatabasePath + ".lock", FileMode.Create, FileAccess.ReadWrite, FileShare.None))
        {
            var error = await Assert.ThrowsAsync<LabDatabaseException>(() => database.MigrateAsync());
            Assert.StartsWith("Waited 0.3 s to bring ", error.Message, StringComparison.Ordinal);
        }

        Assert.NotEmpty((await database.MigrateAsync()).Applied);
    }

    [Fact]
    public async Task Services_TakeAConnectionStringToo()
    {
        await using var services = new ServiceCollection()
            .AddLabData($"Data Source={_lab.DatabasePath};Pooling=False")
            .BuildServiceProvider();

        await services.GetRequiredService<LabDatabase>().MigrateAsync();
        var id = (await services.GetRequiredService<RunStore>().SubmitAsync(Samples.Content("by connection string"))).Id;

        Assert.Equal("by connection string", (await _lab.ItemAsync(id)).Name);
    }

    [Theory]
    [InlineData("Data Source=:memory:")]
    [InlineData("Data Source=")]
    public async Task Migrate_WithoutAFile_IsRefused(string connectionString)
    {
        await using var services = new ServiceCollection().AddLabData(connectionString).BuildServiceProvider();

        await Assert.ThrowsAsync<LabDatabaseException>(() => services.GetRequiredService<LabDatabase>().MigrateAsync());
    }

    [Fact]
    public async Task Migrate_OlderSchema_IsCopiedFirst()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_lab.DatabasePath)!);
        var program = new TwoVersions(_lab.DatabasePath);
        await using (var context = program.CreateDbContext())
        {
            await context.GetService<IMigrator>().MigrateAsync(TwoVersions.FirstId);
        }

        await SqlAsync("INSERT INTO Things VALUES ('precious')");
        _lab.Clock.Advance(1);

        var report = await new LabDatabase(program, _lab.Clock).MigrateAsync();

        Assert.Equal([TwoVersions.SecondId], report.Applied);
        Assert.Equal("lab.before-20260102-030406.db", Path.GetFileName(report.Backup));
        Assert.Equal("Name,Added", await ScalarAsync(_lab.DatabasePath, "SELECT group_concat(name) FROM pragma_table_info('Things')"));
        Assert.Equal("Name", await ScalarAsync(report.Backup!, "SELECT group_concat(name) FROM pragma_table_info('Things')"));
        Assert.Equal("precious", await ScalarAsync(report.Backup!, "SELECT Name FROM Things"));
    }

    private async Task SqlAsync(string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={_lab.DatabasePath};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<object?> ScalarAsync(string path, string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return await command.ExecuteScalarAsync();
    }
}
