namespace BackdoorLab.Data.Entities;

/// <summary>A line of a run's log.</summary>
internal sealed class LogLine
{
    public required string RunId { get; init; }

    /// <summary>From 1, without gaps, across attempts.</summary>
    public required long Sequence { get; init; }

    public DateTime At { get; init; }

    public required string Level { get; init; }

    public required string Text { get; init; }
}
