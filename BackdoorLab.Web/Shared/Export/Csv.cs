using System.Globalization;
using CsvHelper;

namespace BackdoorLab.Web.Shared.Export;

/// <summary>
/// Comma-separated documents (RFC 4180, UTF-8). Numbers keep every digit, with a point whatever the machine's language;
/// null is an empty field. A spreadsheet runs text that begins like a formula, so such a text gets an apostrophe;
/// numbers below zero stay numbers.
/// </summary>
public static class Csv
{
    private static readonly CsvWriterOptions Format = new()
    {
        Injection = CsvInjection.Escape,
        InjectionCharacters = "=+-@\t\r\n",
    };

    /// <summary>A document in memory.</summary>
    /// <param name="columns">Names of the columns.</param>
    /// <param name="rows">As many fields in each as there are columns: text, numbers or null.</param>
    public static string Document(IEnumerable<string> columns, IEnumerable<IEnumerable<object?>> rows)
    {
        var text = new StringWriter(CultureInfo.InvariantCulture);
        using (var csv = CsvWriter.Create(text, Format))
        {
            csv.Add(columns);
            csv.EndRecord();
            foreach (var row in rows)
            {
                csv.Add(row);
                csv.EndRecord();
            }
        }

        return text.ToString();
    }

    /// <summary>
    /// A document that is written while its rows are read. The stream stays open; the writer must be disposed of.
    /// </summary>
    public static CsvWriter To(Stream target) => CsvWriter.Create(target, Format, leaveOpen: true);

    /// <summary>Adds a row of text, numbers or nulls.</summary>
    public static ValueTask Row(this CsvWriter csv, CancellationToken cancellation, params IEnumerable<object?> fields)
    {
        csv.Add(fields);
        return csv.EndRecordAsync(cancellation);
    }

    /// <summary>A time in UTC, ISO 8601 to the second; null for none.</summary>
    public static string? Time(DateTime? value) =>
        value?.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    private static void Add(this CsvWriter csv, IEnumerable<object?> fields)
    {
        foreach (var field in fields)
        {
            csv.WriteField(field);
        }
    }
}
