namespace BackdoorLab.Data.Entities;

/// <summary>A word on a run. Compared as written; <see cref="TagText"/> decides the form.</summary>
internal sealed class RunTag
{
    public required string RunId { get; init; }

    public required string Tag { get; init; }
}
