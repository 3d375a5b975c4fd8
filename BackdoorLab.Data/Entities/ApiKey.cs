namespace BackdoorLab.Data.Entities;

/// <summary>A key for scripts. Shown once when it is made; here is its hash.</summary>
internal sealed class ApiKey
{
    public required string Id { get; init; }

    /// <summary>SHA-256 of the key, hexadecimal.</summary>
    public required string KeyHash { get; init; }

    /// <summary>Its first characters, by which people tell keys apart.</summary>
    public required string Prefix { get; init; }

    public required string Name { get; init; }

    /// <summary>The user whose name its runs bear; a key never allows more than its user may.</summary>
    public required string Owner { get; init; }

    public required ApiScope Scope { get; init; }

    public DateTime Created { get; init; }

    public DateTime? LastUsed { get; set; }

    public DateTime? Revoked { get; set; }
}
