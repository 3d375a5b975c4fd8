namespace BackdoorLab.Data.Entities;

/// <summary>
/// A read-only door to one thing, without an account. The token itself is in nobody's hands but the receiver's.
/// </summary>
internal sealed class ShareLink
{
    public required string Id { get; init; }

    /// <summary>SHA-256 of the token, hexadecimal.</summary>
    public required string TokenHash { get; init; }

    public required ShareKind Kind { get; init; }

    /// <summary>
    /// Id of the run, study or dashboard; the ids of a comparison, separated by commas; a view as JSON.
    /// </summary>
    public required string Target { get; init; }

    public string Title { get; init; } = "";

    public string CreatedBy { get; init; } = "";

    public DateTime Created { get; init; }

    public DateTime Expires { get; init; }

    public DateTime? Revoked { get; set; }

    public bool AllowDownloads { get; init; }

    public long Opened { get; set; }

    public DateTime? LastOpened { get; set; }
}
