using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace BackdoorLab.Benchmarks.Numbers;

/// <summary>What a store holds, line by line, so that two can be compared: keys, numbers, weights; no times.</summary>
internal static class StoredNumbers
{
    private static readonly string[] OfTheMachine = ["second", "memory", "environment", "overhead", "millisecond"];

    /// <summary>Lines of a store's folder, in one order.</summary>
    internal static IEnumerable<string> Lines(string store) =>
        Directory
            .GetFiles(store, "*", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
            .SelectMany(file => Lines(file, Path.GetRelativePath(store, file)));

    private static IEnumerable<string> Lines(string file, string name) =>
        Path.GetExtension(file) switch
        {
            ".json" => Values(JsonNode.Parse(File.ReadAllText(file)), "").Select(line => $"{name} {line}"),
            ".safetensors" or ".png" =>
            [
                $"{name} {Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)))}",
            ],
            _ => [name],
        };

    private static IEnumerable<string> Values(JsonNode? node, string path) =>
        node switch
        {
            JsonObject fields when IsOfTheMachine(fields) => [],
            JsonObject fields => fields
                .Where(field => !IsOfTheMachine(field.Key))
                .OrderBy(field => field.Key, StringComparer.Ordinal)
                .SelectMany(field => Values(field.Value, $"{path}.{field.Key}")),
            JsonArray items => items.SelectMany((item, i) => Values(item, $"{path}[{i}]")),
            _ => [$"{path} {node?.ToJsonString() ?? "null"}"],
        };

    // A measurement is an object with its metric's name.
    private static bool IsOfTheMachine(JsonObject fields) =>
        fields.Any(field =>
            field.Key is "metric" or "id" && field.Value is JsonValue name && IsOfTheMachine(name.ToString())
        );

    private static bool IsOfTheMachine(string name) =>
        Array.Exists(OfTheMachine, part => name.Contains(part, StringComparison.OrdinalIgnoreCase));
}
