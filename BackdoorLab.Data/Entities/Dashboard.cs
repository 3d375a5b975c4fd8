namespace BackdoorLab.Data.Entities;

/// <summary>An arrangement of charts, tables and text over a study.</summary>
internal sealed class Dashboard
{
    public required string Id { get; init; }

    public required string StudyId { get; init; }

    public required string Name { get; set; }

    /// <summary>Its parts in order, as JSON.</summary>
    public required string PartsJson { get; set; }

    public string Owner { get; init; } = "";

    public string EditedBy { get; set; } = "";

    public DateTime Edited { get; set; }

    public bool Deleted { get; set; }

    public long Version { get; set; }
}
