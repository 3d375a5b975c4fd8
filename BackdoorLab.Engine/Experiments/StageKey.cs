using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace BackdoorLab.Engine.Experiments;

/// <summary>
/// Identity of a stage by content: the hash of everything that decides its result and of its parent's key. Equal keys are computed
/// once; resuming a run is running it again.
/// </summary>
/// <param name="Value">32 lower-case hexadecimal digits.</param>
public sealed record StageKey(string Value)
{
    /// <summary>Raised when a change of the engine alters numbers, so that older results are not taken for new ones.</summary>
    public const int FormatVersion = 1;

    /// <summary>The key of a stage.</summary>
    /// <param name="kind">train, measure, defend, ...</param>
    /// <param name="parent">The stage it builds on, or null.</param>
    /// <param name="parts">Method records and plain values that decide the result, in a fixed order.</param>
    public static StageKey Of(string kind, StageKey? parent, params object?[] parts)
    {
        var text = new StringBuilder($"{FormatVersion}|{kind}|{parent?.Value}");
        foreach (var part in parts)
        {
            text.Append('|').Append(part?.GetType().Name).Append(':').Append(JsonSerializer.Serialize(part, SpecJson.Options));
        }

        return new(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..32]);
    }

    /// <inheritdoc/>
    public override string ToString() => Value;
}
