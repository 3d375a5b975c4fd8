using System.Text.RegularExpressions;
using BackdoorLab.Engine.Tests.Structure;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Tests;

/// <summary>docs/data.md says what is really in the file.</summary>
public sealed partial class DataPageTests(LabFixture lab) : IClassFixture<LabFixture>
{
    private static readonly string[] Unused = ["UserClaims", "UserLogins", "UserTokens"];

    private static string Page { get; } =
        File.ReadAllText(Path.Combine(Repository.Root, "docs", "data.md")).ReplaceLineEndings("\n");

    [Fact]
    public void Page_NamesEveryTableWithItsColumnsAndNoOther()
    {
        using var context = lab.Contexts.CreateDbContext();
        var tables = context
            .Model.GetEntityTypes()
            .Select(entity =>
                (Name: entity.GetTableName()!, Columns: entity.GetProperties().Select(column => column.GetColumnName()))
            )
            .Where(table => !Unused.Contains(table.Name))
            .ToList();
        var rows = Page.Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal)).ToList();

        Assert.Equal(tables.Select(table => table.Name).Order(), rows.Select(row => row.Split('`')[1]).Order());
        Assert.All(
            tables,
            table =>
            {
                var row = rows.Single(line => line.StartsWith($"| `{table.Name}` ", StringComparison.Ordinal));
                Assert.All(table.Columns, column => Assert.Contains($"`{column}`", row, StringComparison.Ordinal));
            }
        );
        Assert.All(Unused, table => Assert.Contains($"`{table}`", Page, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Statements_OfThePage_AreUnderstood()
    {
        await using var context = lab.Contexts.CreateDbContext();
        await context.Database.OpenConnectionAsync();
        string[] statements = [.. Statement().Matches(Page).Select(match => match.Groups[1].Value)];
        Assert.True(statements.Length >= 4, "The page has statements for SQL and for pandas.");
        foreach (var statement in statements)
        {
            await using var command = context.Database.GetDbConnection().CreateCommand();
            command.CommandText = statement;
            await using var reader = await command.ExecuteReaderAsync();
            Assert.False(await reader.ReadAsync());
        }
    }

    [GeneratedRegex("(?:```sql\n|\"\"\"\n)(.*?)(?:```|\"\"\")", RegexOptions.Singleline)]
    private static partial Regex Statement();
}
