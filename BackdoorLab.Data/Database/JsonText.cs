using System.Text.Json;

namespace BackdoorLab.Data.Database;

/// <summary>Small lists and maps kept as JSON in one column, because nothing ever searches them.</summary>
internal static class JsonText
{
    public static string Write<T>(T value) => JsonSerializer.Serialize(value);

    public static T? Read<T>(string json) => JsonSerializer.Deserialize<T>(json);

    public static IReadOnlyList<string> List(string json) =>
        json == "[]" ? [] : JsonSerializer.Deserialize<List<string>>(json) ?? [];

    public static IReadOnlyDictionary<string, string> Map(string json) =>
        JsonSerializer.Deserialize<Dictionary<string, string>>(json) ?? [];
}
