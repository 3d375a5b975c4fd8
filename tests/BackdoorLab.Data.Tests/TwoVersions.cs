using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace BackdoorLab.Data.Tests;

/// <summary>
/// A program whose schema has a history of two small steps, for tests of what happens between versions.
/// </summary>
internal sealed class TwoVersions(string path) : IDbContextFactory<LabDbContext>
{
    public const string FirstId = "20000101000000_First";
    public const string SecondId = "20010101000000_Second";

    public LabDbContext CreateDbContext() =>
        new SqliteLabDbContext(
            new DbContextOptionsBuilder<SqliteLabDbContext>()
                .UseSqlite(
                    $"Data Source={path};Pooling=False",
                    sqlite => sqlite.MigrationsAssembly(typeof(TwoVersions).Assembly.FullName)
                )
                .ConfigureWarnings(warnings => warnings.Ignore(RelationalEventId.PendingModelChangesWarning))
                .AddInterceptors(new SqlitePragmaInterceptor())
                .Options
        );

    [DbContext(typeof(SqliteLabDbContext))]
    [Migration(FirstId)]
    public sealed class First : Migration
    {
        protected override void Up(MigrationBuilder migrationBuilder) =>
            migrationBuilder.Sql("CREATE TABLE Things (Name TEXT)");
    }

    [DbContext(typeof(SqliteLabDbContext))]
    [Migration(SecondId)]
    public sealed class Second : Migration
    {
        protected override void Up(MigrationBuilder migrationBuilder) =>
            migrationBuilder.Sql("ALTER TABLE Things ADD COLUMN Added TEXT");
    }
}
