using BackdoorLab.Data.Entities;

namespace BackdoorLab.Data.Accounts;

/// <summary>An API key as lists show it.</summary>
/// <param name="Id">Id.</param>
/// <param name="Prefix">Its first characters, by which people tell keys apart.</param>
/// <param name="Name">What it is for.</param>
/// <param name="Owner">The user whose rights bound it.</param>
/// <param name="Scope">What it allows.</param>
/// <param name="Created">UTC.</param>
/// <param name="LastUsed">UTC, or null.</param>
/// <param name="Revoked">UTC, or null while it holds.</param>
public sealed record ApiKeyItem(
    string Id,
    string Prefix,
    string Name,
    string Owner,
    ApiScope Scope,
    DateTime Created,
    DateTime? LastUsed,
    DateTime? Revoked
);
