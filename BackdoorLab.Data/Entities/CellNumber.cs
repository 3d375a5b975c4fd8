namespace BackdoorLab.Data.Entities;

/// <summary>One number of a cell, as a tidy row.</summary>
internal sealed class CellNumber
{
    public required string RunId { get; init; }

    public required Victim Victim { get; init; }

    public required string Precision { get; init; }

    public required string Defense { get; init; }

    public required string Metric { get; init; }

    public double Value { get; set; }

    public int? Count { get; set; }

    public double? Low { get; set; }

    public double? High { get; set; }
}
