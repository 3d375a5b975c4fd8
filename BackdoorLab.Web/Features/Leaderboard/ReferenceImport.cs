using System.Globalization;
using BackdoorLab.Data;
using CsvHelper;

namespace BackdoorLab.Web.Features.Leaderboard;

/// <summary>What became of a file.</summary>
/// <param name="Kept">Rows with at least one number.</param>
/// <param name="Empty">Rows without any, which are left out.</param>
/// <param name="Percent">Whether its numbers were read as percent.</param>
/// <param name="Faults">What is wrong, each with line and column; with any, nothing was kept.</param>
public sealed record ReferenceReport(int Kept, int Empty, bool Percent, IReadOnlyList<string> Faults);

/// <summary>
/// Reads published values from CSV in BackdoorBench's result columns: dataset, backbone, attack_name, defense_name,
/// ratio, test_acc, test_asr, test_ra. Empty, nan and -1 mean missing. Published files differ in the unit: one with any
/// value above 1 is in percent.
/// </summary>
public static class ReferenceImport
{
    /// <summary>Largest file in bytes; the whole of BackdoorBench's results is one megabyte.</summary>
    public const int MaxBytes = 8 << 20;

    private const int MostFaults = 8;
    private const int MostRows = 200_000;
    private const int LongestName = 100;

    private static readonly string[] Names = ["dataset", "backbone", "attack_name", "defense_name"];
    private static readonly string[] Shares = ["test_acc", "test_asr", "test_ra"];

    // Line numbers are for whoever mends the file; an unclosed quote would otherwise swallow the rest of it.
    private static readonly CsvReaderOptions Format = new()
    {
        Separator = ',',
        TrackLineNumbers = true,
        TrimWhitespace = true,
        AllowLineBreaksInQuotes = false,
        MaxRecordSize = 64 << 10,
        MissingField = CsvMissingFieldHandling.ReturnEmpty,
    };

    /// <summary>Reads a file.</summary>
    public static (IReadOnlyList<ReferenceRow> Rows, ReferenceReport Report) Read(string source, TextReader text)
    {
        var faults = new List<string>();
        var lines = new List<Line>();
        try
        {
            using var csv = CsvReader.Create(text, Format);
            Read(csv, lines, faults);
        }
        catch (CsvFormatException error)
        {
            faults.Add(error.Message.Split('\n')[0]);
        }

        var percent = lines.Any(line => line.Shares.Any(share => share > 1));
        var rows = lines
            .Where(line => line.Shares.Any(share => share is not null))
            .Select(line => new ReferenceRow(
                ReferenceNames.Id(line.Names[0]),
                ReferenceNames.Id(line.Names[1]),
                ReferenceNames.Id(line.Names[2]),
                ReferenceNames.Id(line.Names[3]),
                line.Ratio > 1 ? line.Ratio / 100 : line.Ratio,
                Share(line.Shares[0], percent),
                Share(line.Shares[1], percent),
                Share(line.Shares[2], percent),
                source
            ))
            .ToList();
        if (faults.Count == 0 && rows.Count == 0)
        {
            faults.Add("No line has a number.");
        }

        return (rows, new(rows.Count, lines.Count - rows.Count, percent, faults));
    }

    private static void Read(CsvReader csv, List<Line> lines, List<string> faults)
    {
        csv.ReadHeader();
        var header = csv.Headers.Select(name => name.Trim().ToLowerInvariant()).ToList();
        string[] missing = [.. Names.Append("ratio").Concat(Shares).Where(name => !header.Contains(name))];
        if (missing.Length > 0)
        {
            faults.Add(
                header.TrueForAll(name => name.Length == 0)
                    ? "The file is empty."
                    : $"Line 1 names no column {string.Join(", ", missing)}; it has: {Shorten(string.Join(", ", header))}."
            );
            return;
        }

        while (csv.Read() && faults.Count < MostFaults)
        {
            if (lines.Count == MostRows)
            {
                faults.Add($"The file has more than {MostRows:#,0} lines.");
                return;
            }

            lines.Add(
                new(
                    [.. Names.Select(name => Name(csv, name, faults))],
                    Ratio(csv, faults),
                    [.. Shares.Select(name => Number(csv, name, faults))]
                )
            );
        }
    }

    private static double? Share(double? value, bool percent) => percent ? value / 100 : value;

    private static string Name(CsvReader csv, string column, List<string> faults)
    {
        var text = csv.GetString(column).Trim();
        if (text.Length is 0 or > LongestName)
        {
            faults.Add(
                $"{Place(csv, column)}: {(text.Length == 0 ? "is empty" : $"is longer than {LongestName} characters")}."
            );
        }

        return text;
    }

    private static double? Number(CsvReader csv, string column, List<string> faults)
    {
        var text = csv.GetString(column).Trim().TrimEnd('%');
        if (text.Length == 0 || text.Equals("nan", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        if (
            !double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            || !double.IsFinite(value)
        )
        {
            faults.Add($"{Place(csv, column)}: '{Shorten(text)}' is no number.");
            return null;
        }

        if (value.Equals(-1.0))
        {
            return null;
        }

        if (value is < 0 or > 100)
        {
            faults.Add($"{Place(csv, column)}: {text} is outside 0 to 100.");
        }

        return value;
    }

    // Without it a row belongs nowhere.
    private static double Ratio(CsvReader csv, List<string> faults)
    {
        var before = faults.Count;
        var ratio = Number(csv, "ratio", faults);
        if (ratio is null && faults.Count == before)
        {
            faults.Add($"{Place(csv, "ratio")}: is missing.");
        }

        return ratio ?? 0;
    }

    private static string Place(CsvReader csv, string column) =>
        FormattableString.Invariant($"Line {csv.LineNumber}, column {column}");

    private static string Shorten(string text) => text.Length <= 120 ? text : text[..117] + "…";

    private sealed record Line(string[] Names, double Ratio, double?[] Shares);
}
