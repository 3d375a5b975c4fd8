namespace BackdoorLab.Data.Entities;

/// <summary>
/// A page with its whole state under a short address. Views with a name are listed; one without is only a short link.
/// </summary>
internal sealed class SavedView
{
    public required string Id { get; init; }

    public string Name { get; set; } = "";

    /// <summary>Path of the page.</summary>
    public required string Path { get; init; }

    /// <summary>Its query string without the question mark.</summary>
    public required string Query { get; set; }

    public string Owner { get; init; } = "";

    /// <summary>Whether others see it in their lists. Whoever has the address can open it either way.</summary>
    public bool Shared { get; set; }

    public DateTime Created { get; init; }
}
