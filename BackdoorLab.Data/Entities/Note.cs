namespace BackdoorLab.Data.Entities;

/// <summary>Markdown that people write on a run or a study.</summary>
internal sealed class Note
{
    /// <summary>What the subject is: <c>run</c> or <c>study</c>.</summary>
    public required string Kind { get; init; }

    public required string SubjectId { get; init; }

    public string Markdown { get; set; } = "";

    public string EditedBy { get; set; } = "";

    public DateTime Edited { get; set; }

    /// <summary>Grows with every save, so that of two people who edit at once the second is told.</summary>
    public long Version { get; set; }
}
