namespace BackdoorLab.Data.Entities;

/// <summary>A grid of runs that are read together; the runs name it.</summary>
internal sealed class Study
{
    public required string Id { get; init; }

    public required string Name { get; set; }

    public required string SpecJson { get; init; }

    public DateTime Created { get; init; }

    /// <summary>Who started it: a user's name, or empty in a lab without accounts.</summary>
    public string Owner { get; set; } = "";

    public bool Deleted { get; set; }

    public DateTime? DeletedAt { get; set; }
}
