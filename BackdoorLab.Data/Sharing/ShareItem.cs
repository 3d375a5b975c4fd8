using BackdoorLab.Data.Entities;

namespace BackdoorLab.Data.Sharing;

/// <summary>A share link as lists show it; the token is in nobody's hands but the receiver's.</summary>
public sealed record ShareItem
{
    /// <summary>Id of the link.</summary>
    public required string Id { get; init; }

    /// <summary>What it opens.</summary>
    public required ShareKind Kind { get; init; }

    /// <summary>
    /// Id of the run, study or dashboard; the ids of a comparison, separated by commas; a <see cref="SharedView"/>.
    /// </summary>
    public required string Target { get; init; }

    /// <summary>Words for people.</summary>
    public required string Title { get; init; }

    /// <summary>Who made it.</summary>
    public required string CreatedBy { get; init; }

    /// <summary>UTC.</summary>
    public required DateTime Created { get; init; }

    /// <summary>UTC.</summary>
    public required DateTime Expires { get; init; }

    /// <summary>UTC, or null while it holds.</summary>
    public required DateTime? Revoked { get; init; }

    /// <summary>Whether its receiver may take files away.</summary>
    public required bool AllowDownloads { get; init; }

    /// <summary>How often it was opened.</summary>
    public required long Opened { get; init; }

    /// <summary>UTC, or null before the first time.</summary>
    public required DateTime? LastOpened { get; init; }

    /// <summary>The ids of <see cref="Target"/>; a view has none.</summary>
    public IReadOnlyList<string> Targets =>
        Kind == ShareKind.View ? [] : Target.Split(',', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Whether it opens anything.</summary>
    /// <param name="now">UTC.</param>
    public bool IsOpen(DateTime now) => Revoked is null && Expires > now;
}
