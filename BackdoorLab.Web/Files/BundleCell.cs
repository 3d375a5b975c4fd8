using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace BackdoorLab.Web.Files;

/// <summary>
/// How a bundle of schema 1 names a cell: its id is called <c>key</c>, and the undefended model has an empty defense.
/// </summary>
internal sealed class BundleCell : JsonConverter<CellId>
{
    /// <summary>Gives the id its name in bundles.</summary>
    public static void Rename(JsonTypeInfo type)
    {
        if (
            type.Type == typeof(CellResult)
            && type.Properties.FirstOrDefault(property => property.PropertyType == typeof(CellId)) is { } id
        )
        {
            id.Name = "key";
        }
    }

    /// <inheritdoc/>
    public override CellId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var key = JsonSerializer.Deserialize<Key>(ref reader, options) ?? throw new JsonException("A cell has no key.");
        var victim = VictimName.Read(key.Victim) ?? throw new JsonException($"'{key.Victim}' is no victim of a run.");
        return new(victim, key.Precision, key.Defense.Length == 0 ? null : key.Defense);
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, CellId value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(
            writer,
            new Key(VictimName.Of(value.Victim), value.Precision, value.DefenseLabel),
            options
        );

    private sealed record Key(string Victim, string Precision, string Defense);
}
