using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Tests.Database;

public sealed class SchemaTests(LabFixture lab) : IClassFixture<LabFixture>
{
    [Fact]
    public void Migrations_AreInStepWithTheModel()
    {
        using var context = lab.Contexts.CreateDbContext();

        Assert.False(
            context.Database.HasPendingModelChanges(),
            "The model has changes without a migration; see SqliteDesignTimeFactory for the command that adds one."
        );
    }

    [Fact]
    public void Columns_AreOfTypesThatSqliteCanOrder()
    {
        using var context = lab.Contexts.CreateDbContext();
        Type[] refused = [typeof(DateTimeOffset), typeof(decimal), typeof(TimeSpan), typeof(ulong)];

        var wrong = context
            .Model.GetEntityTypes()
            .SelectMany(entity => entity.GetProperties())
            .Where(property =>
                property.GetValueConverter()?.ProviderClrType is var stored
                && refused.Contains(
                    Nullable.GetUnderlyingType(stored ?? property.ClrType) ?? stored ?? property.ClrType
                )
            )
            .Select(property => $"{property.DeclaringType.Name}.{property.Name}");

        Assert.Empty(wrong);
    }

    [Theory]
    [InlineData("journal_mode", "wal")]
    [InlineData("synchronous", "1")]
    [InlineData("foreign_keys", "1")]
    [InlineData("busy_timeout", "10000")]
    public async Task Connection_HasThePragma(string pragma, string expected)
    {
        await using var context = lab.Contexts.CreateDbContext();
        await context.Database.OpenConnectionAsync();
        await using var command = context.Database.GetDbConnection().CreateCommand();
        command.CommandText = $"PRAGMA {pragma}";

        Assert.Equal(
            expected,
            Convert.ToString(await command.ExecuteScalarAsync(), System.Globalization.CultureInfo.InvariantCulture)
        );
    }
}
