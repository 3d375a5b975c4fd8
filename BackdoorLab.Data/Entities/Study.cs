namespace BackdoorLab.Data.Entities;

/// <summary>A grid of runs that are read together; the runs name it.</summary>
internal sealed class Study
{
    public required string Id { get; init; }

    public required string Name { get; set; }

    public required string SpecJson { get; init; }

    public DateTime Created { get; init; }

    public bool Deleted { get; set; }
}
