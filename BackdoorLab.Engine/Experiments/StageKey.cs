using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Experiments;

/// <summary>
/// Identity of a stage by content: the hash of everything that decides its result and of its parent's key. Equal keys
/// are computed once; resuming a run is running it again. What is hashed is canonical JSON with method ids, so neither
/// the names of C# types nor the order of their declarations has a part in it.
/// </summary>
/// <param name="Value">32 lower-case hexadecimal digits.</param>
public sealed record StageKey(string Value)
{
    /// <summary>
    /// Raised when a change of the engine alters numbers, so that older results are not taken for new ones. A change of
    /// one method raises <see cref="MethodAttribute.Revision"/> instead.
    /// </summary>
    public const int FormatVersion = 2;

    private const int Digits = 32;

    /// <summary>
    /// What the stage's random streams hang on: the identity without what <see cref="On"/> added, so that a run draws
    /// the same on every machine and with every number of threads.
    /// </summary>
    public string Streams { get; private init; } = Value;

    /// <summary>The key of a stage.</summary>
    /// <param name="kind">train, measure, defend, ...</param>
    /// <param name="parent">The stage it builds on, or null.</param>
    /// <param name="parts">Methods and plain values that decide the result, each with its name.</param>
    public static StageKey Of(string kind, StageKey? parent, params (string Name, object? Value)[] parts) =>
        new(Hash(Text(kind, parent?.Value, parts))) { Streams = Hash(Text(kind, parent?.Streams, parts)) };

    /// <summary>The same stage where the machine decides numbers too: threads, arithmetic, library.</summary>
    /// <param name="parts">What it is of the machine that decides, each with its name.</param>
    public StageKey On(params (string Name, object? Value)[] parts) =>
        parts.Length == 0 ? this : new(Hash(Text("on", Value, parts))) { Streams = Streams };

    /// <summary>What is hashed.</summary>
    internal static string Text(string kind, string? parent, params (string Name, object? Value)[] parts)
    {
        var members = new JsonObject();
        foreach (var (name, value) in parts)
        {
            members.Add(name, Revised(Node(value)));
        }

        return CanonicalJson.Of(
            new JsonObject
            {
                ["format"] = FormatVersion,
                ["kind"] = kind,
                ["parent"] = parent,
                ["parts"] = members,
            }
        );
    }

    /// <inheritdoc/>
    public override string ToString() => Value;

    private static string Hash(string text) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..Digits];

    // A method is written as its base, which gives it its id.
    private static JsonNode? Node(object? value) =>
        value is Method method
            ? JsonSerializer.SerializeToNode(method, SpecJson.Options)
            : JsonSerializer.SerializeToNode(value, value?.GetType() ?? typeof(object), SpecJson.Options);

    private static JsonNode? Revised(JsonNode? node)
    {
        if (node is JsonObject given)
        {
            foreach (var member in given.Select(member => member.Value).ToList())
            {
                Revised(member);
            }

            if (
                given["id"]?.GetValue<string>() is { } id
                && MethodCatalog.Default.Find(id)?.Attribute.Revision is > 1 and var revision
            )
            {
                given["revision"] = revision;
            }
        }

        return node;
    }
}
