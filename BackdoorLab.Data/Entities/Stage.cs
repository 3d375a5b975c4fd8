namespace BackdoorLab.Data.Entities;

/// <summary>A cached step of a run.</summary>
internal sealed class Stage
{
    public required string RunId { get; init; }

    public required string Key { get; init; }

    public string Kind { get; set; } = "";

    public string Title { get; set; } = "";

    /// <summary>Label of the defense; empty for other stages.</summary>
    public string Method { get; set; } = "";

    public int Position { get; set; }

    public StageState State { get; set; }

    public bool Cached { get; set; }

    public double? Seconds { get; set; }

    public double? EstimatedSeconds { get; set; }
}
