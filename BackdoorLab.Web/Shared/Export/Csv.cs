using System.Globalization;

namespace BackdoorLab.Web.Shared.Export;

/// <summary>Fields of comma-separated rows (RFC 4180) that a spreadsheet reads as they are.</summary>
public static class Csv
{
    /// <summary>End of a row.</summary>
    public const string NewLine = "\r\n";

    /// <summary>A row with its end.</summary>
    public static string Row(params IEnumerable<string> fields) => string.Join(',', fields) + NewLine;

    /// <summary>A number at full precision; empty for none.</summary>
    public static string Number(double? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "";

    /// <summary>A time in UTC, ISO 8601; empty for none.</summary>
    public static string Time(DateTime? value) => value?.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture) ?? "";

    /// <summary>A text. A spreadsheet runs one that begins like a formula; an apostrophe makes it text there too.</summary>
    public static string Text(string text)
    {
        var harmless = text.Length > 0 && "=+-@\t\r\n".Contains(text[0], StringComparison.Ordinal) ? "'" + text : text;
        return harmless.AsSpan().IndexOfAny("\",\r\n") >= 0 ? $"\"{harmless.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : harmless;
    }
}
