using System.Security.Cryptography;

namespace BackdoorLab.Data.Entities;

/// <summary>
/// Ids of runs: 12 characters of Crockford's base 32 in lower case (60 random bits), short enough for a link and easy
/// to read aloud.
/// </summary>
public static class RunIds
{
    /// <summary>Length of an id.</summary>
    public const int Length = 12;

    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

    /// <summary>A new id.</summary>
    public static string New() => RandomNumberGenerator.GetString(Alphabet, Length);

    /// <summary>
    /// Whether <paramref name="id"/> has the form of an id; tells nothing about whether such a run exists.
    /// </summary>
    public static bool IsWellFormed(string? id) =>
        id is { Length: Length } && id.All(character => Alphabet.Contains(character, StringComparison.Ordinal));
}
