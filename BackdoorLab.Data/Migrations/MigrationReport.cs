namespace BackdoorLab.Data.Migrations;

/// <summary>What was done to the database at start.</summary>
/// <param name="Applied">Migrations applied now, oldest first; empty when the schema was current.</param>
/// <param name="Backup">Path of the copy made before an older schema was changed, or null.</param>
public sealed record MigrationReport(IReadOnlyList<string> Applied, string? Backup);
