using System.Globalization;

namespace BackdoorLab.Web.Export;

/// <summary>Fields of a CSV document (RFC 4180).</summary>
public static class CsvText
{
    /// <summary>A number with all its digits; empty for none.</summary>
    public static string Of(double? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "";

    /// <summary>A text. A spreadsheet runs one that begins like a formula; an apostrophe makes it text there too.</summary>
    public static string Of(string text)
    {
        var harmless = text.Length > 0 && "=+-@\t\r\n".Contains(text[0], StringComparison.Ordinal) ? "'" + text : text;
        return harmless.AsSpan().IndexOfAny("\",\r\n") >= 0 ? $"\"{harmless.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : harmless;
    }
}
