namespace BackdoorLab.Data.Entities;

/// <summary>One victim x precision x defense of a run.</summary>
internal sealed class Cell
{
    public required string RunId { get; init; }

    public required string Victim { get; init; }

    public required string Precision { get; init; }

    /// <summary>Empty for the undefended model: a key column cannot be null.</summary>
    public required string Defense { get; init; }

    public CellOutcome Outcome { get; set; }

    public string Reason { get; set; } = "";

    public string NotesJson { get; set; } = "[]";

    public double? Seconds { get; set; }

    public bool Cached { get; set; }
}
