using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace BackdoorLab.Data.Database;

/// <summary>
/// Lets the migrations tool make a context. A new migration, from the repository's root:
/// <code>
/// dotnet ef migrations add NAME --project BackdoorLab.Data --context SqliteLabDbContext \
///     --output-dir Migrations/Sqlite
/// </code>
/// </summary>
internal sealed class SqliteDesignTimeFactory : IDesignTimeDbContextFactory<SqliteLabDbContext>
{
    public SqliteLabDbContext CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<SqliteLabDbContext>().UseSqlite("Data Source=design-time.db").Options);
}
