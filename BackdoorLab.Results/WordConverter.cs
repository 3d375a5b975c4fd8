using System.Text.Json;
using System.Text.Json.Serialization;

namespace BackdoorLab.Results;

/// <summary>
/// A choice or none as a word in JSON, empty for none, whatever else a document does with enumerations. A word that
/// this version does not know is read as none: what it stands beside holds all the same.
/// </summary>
/// <typeparam name="T">The choice.</typeparam>
public abstract class WordConverter<T>(Func<T, string> word) : JsonConverter<T?>
    where T : struct, Enum
{
    /// <inheritdoc/>
    public override bool HandleNull => true;

    /// <inheritdoc/>
    public override T? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType switch
        {
            JsonTokenType.Null => null,
            JsonTokenType.String => EnumWord.Find(reader.GetString(), word),
            _ => throw new JsonException($"A {typeof(T).Name} is a word."),
        };

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, T? value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value is { } given ? word(given) : "");
}
