using System.Globalization;

namespace BackdoorLab.Engine.Datasets;

/// <summary>One row of a GTSRB annotation file; the region of interest includes both of its corners.</summary>
internal readonly record struct GtsrbRow(string File, int Width, int Height, int X1, int Y1, int X2, int Y2, int Label, int Line);

/// <summary>Reads the annotation files of GTSRB (semicolons, one header line).</summary>
internal static class GtsrbTable
{
    private const string Header = "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId";

    /// <summary>All rows, checked one by one; file names are plain "*.ppm" names and occur once.</summary>
    public static IReadOnlyList<GtsrbRow> Read(string file, int classes, string remedy)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException($"{file} cannot be read: {error.Message} {remedy}", error);
        }

        if (lines.Length == 0 || lines[0].TrimEnd() != Header)
        {
            throw DataFile.DamagedLine(file, 1, $"the header must be '{Header}'.", remedy);
        }

        var rows = new List<GtsrbRow>(lines.Length);
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 1; i < lines.Length; i++)
        {
            var row = Row(file, i + 1, lines[i].TrimEnd().Split(';'), classes, remedy);
            if (!names.Add(row.File))
            {
                throw DataFile.DamagedLine(file, i + 1, $"{row.File} has a row already.", remedy);
            }

            rows.Add(row);
        }

        return rows.Count > 0 ? rows : throw DataFile.DamagedLine(file, 1, "no row follows the header.", remedy);
    }

    private static GtsrbRow Row(string file, int line, string[] fields, int classes, string remedy)
    {
        if (fields.Length != 8)
        {
            throw DataFile.DamagedLine(file, line, $"{fields.Length} fields found, 8 expected.", remedy);
        }

        var numbers = new int[7];
        for (var i = 0; i < 7; i++)
        {
            if (!int.TryParse(fields[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i]))
            {
                throw DataFile.DamagedLine(file, line, $"'{fields[i + 1]}' in field {i + 2} is not a whole number.", remedy);
            }
        }

        var row = new GtsrbRow(fields[0], numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], numbers[6], line);
        if (!row.File.EndsWith(".ppm", StringComparison.Ordinal) || row.File.AsSpan().IndexOfAny('/', '\\') >= 0)
        {
            throw DataFile.DamagedLine(file, line, $"'{row.File}' is not the name of a .ppm file.", remedy);
        }

        if (row.X1 > row.X2 || row.Y1 > row.Y2 || row.X2 >= row.Width || row.Y2 >= row.Height)
        {
            throw DataFile.DamagedLine(
                file, line, $"the region ({row.X1}, {row.Y1}) to ({row.X2}, {row.Y2}) does not lie inside {row.Width} x {row.Height} pixels.", remedy);
        }

        return row.Label < classes
            ? row
            : throw DataFile.DamagedLine(file, line, $"class {row.Label} is not in 0..{classes - 1}.", remedy);
    }
}
