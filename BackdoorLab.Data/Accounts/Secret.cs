using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace BackdoorLab.Data.Accounts;

/// <summary>
/// Secrets that the lab gives away and keeps only the hash of: share tokens and API keys. Guessing one of 256 random
/// bits is hopeless, so a plain hash is enough.
/// </summary>
public static class Secret
{
    /// <summary>32 random bytes in base64url, 43 characters.</summary>
    public static string New() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>SHA-256 in hexadecimal: what the database keeps, and looks up by.</summary>
    public static string Hash(string secret) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));
}
