using System.Globalization;

namespace BackdoorLab.Web.Export;

/// <summary>Fields of a CSV document (RFC 4180).</summary>
internal static class CsvField
{
    /// <summary>A number, in full precision; empty for null.</summary>
    public static string Number(double? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "";

    /// <summary>A text. A spreadsheet runs one that begins like a formula; an apostrophe makes it text there too.</summary>
    public static string Text(string text)
    {
        var harmless = text.Length > 0 && "=+-@\t\r\n".Contains(text[0], StringComparison.Ordinal) ? "'" + text : text;
        return harmless.AsSpan().IndexOfAny("\",\r\n") >= 0 ? $"\"{harmless.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : harmless;
    }
}
