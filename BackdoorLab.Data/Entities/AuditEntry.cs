namespace BackdoorLab.Data.Entities;

/// <summary>Who changed what. Only ever added to.</summary>
internal sealed class AuditEntry
{
    public long Id { get; init; }

    public DateTime At { get; init; }

    /// <summary>User name, <c>share link</c>, <c>local</c> in a lab without accounts.</summary>
    public required string Actor { get; init; }

    /// <summary>A verb in kebab-case, such as <c>delete-run</c>.</summary>
    public required string Action { get; init; }

    /// <summary>Id of what was changed.</summary>
    public required string Subject { get; init; }

    public string Detail { get; init; } = "";
}
