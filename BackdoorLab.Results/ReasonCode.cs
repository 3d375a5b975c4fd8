using System.Text.Json;
using System.Text.Json.Serialization;

namespace BackdoorLab.Results;

/// <summary>
/// Reasons as files, databases and the API hold them, whatever else they do with enumerations: <c>norm-ceiling</c>. A reason that this version
/// does not know is read as none; the decision stands all the same.
/// </summary>
public sealed class ReasonCode : JsonConverter<UndecidedReason?>
{
    /// <inheritdoc/>
    public override bool HandleNull => true;

    /// <summary>The code; empty where there is no reason.</summary>
    public static string Of(UndecidedReason? reason) => reason is { } given ? JsonNamingPolicy.KebabCaseLower.ConvertName(given.ToString()) : "";

    /// <summary>The reason of a code; null where there is none.</summary>
    public static UndecidedReason? Read(string? code) =>
        Enum.GetValues<UndecidedReason>().Cast<UndecidedReason?>().FirstOrDefault(reason => Of(reason) == code);

    /// <inheritdoc/>
    public override UndecidedReason? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.Null => null,
        JsonTokenType.String => Read(reader.GetString()),
        _ => throw new JsonException("A reason is a word."),
    };

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, UndecidedReason? value, JsonSerializerOptions options)
    {
        if (value is null)
        {
            writer.WriteNullValue();
        }
        else
        {
            writer.WriteStringValue(Of(value));
        }
    }
}
