using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace BackdoorLab.Engine.Core;

/// <summary>
/// One text for one value: members sorted by their names' code units, no white space, numbers in one spelling whatever
/// the culture. Two documents that say the same have the same text, so it can be hashed.
/// </summary>
public static class CanonicalJson
{
    // Every whole number up to it is a double of its own.
    private const double LargestWhole = 9_007_199_254_740_992;

    /// <summary>The text of a document.</summary>
    public static string Of(JsonNode? document)
    {
        var text = new StringBuilder();
        Write(document, text);
        return text.ToString();
    }

    private static void Write(JsonNode? node, StringBuilder text)
    {
        switch (node)
        {
            case JsonObject members:
                Write(
                    text,
                    '{',
                    '}',
                    members.OrderBy(member => member.Key, StringComparer.Ordinal),
                    member =>
                    {
                        text.Append(JsonSerializer.Serialize(member.Key)).Append(':');
                        Write(member.Value, text);
                    }
                );
                break;
            case JsonArray items:
                Write(text, '[', ']', items, item => Write(item, text));
                break;
            case JsonValue value when value.GetValueKind() == JsonValueKind.Number:
                text.Append(Number(value.ToJsonString()));
                break;
            case JsonValue value when value.GetValueKind() == JsonValueKind.String:
                text.Append(JsonSerializer.Serialize(value.GetValue<string>()));
                break;
            default:
                text.Append(node?.ToJsonString() ?? "null");
                break;
        }
    }

    private static void Write<T>(StringBuilder text, char open, char close, IEnumerable<T> items, Action<T> write)
    {
        var separator = open;
        foreach (var item in items)
        {
            text.Append(separator);
            write(item);
            separator = ',';
        }

        text.Append(separator == open ? $"{open}{close}" : $"{close}");
    }

    // 1, 1.0 and 1e0 are one number.
    private static string Number(string json)
    {
        if (long.TryParse(json, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
        {
            return whole.ToString(CultureInfo.InvariantCulture);
        }

        var number = double.Parse(json, CultureInfo.InvariantCulture);
        return number == Math.Floor(number) && Math.Abs(number) <= LargestWhole
            ? ((long)number).ToString(CultureInfo.InvariantCulture)
            : number.ToString("R", CultureInfo.InvariantCulture);
    }
}
