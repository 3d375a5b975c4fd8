using System.Globalization;

namespace BackdoorLab.Engine.Datasets;

/// <summary>
/// One row of a GTSRB annotation file; the region of interest includes both of its corners. <paramref name="File"/> is
/// as it stands there: a name beside the official tables, a path from their folder in Kaggle's.
/// </summary>
internal readonly record struct GtsrbRow(
    string File,
    int Width,
    int Height,
    int X1,
    int Y1,
    int X2,
    int Y2,
    int Label,
    int Line
);

/// <summary>
/// Reads the annotation files of GTSRB: the official ones (semicolons, <c>Filename</c>) and Kaggle's (commas,
/// <c>Path</c>). Columns are found by their names in the first line.
/// </summary>
internal static class GtsrbTable
{
    private const string Header = "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId";
    private const string KaggleHeader = "Width,Height,Roi.X1,Roi.Y1,Roi.X2,Roi.Y2,ClassId,Path";

    private static readonly string[] Numbers = ["Width", "Height", "Roi.X1", "Roi.Y1", "Roi.X2", "Roi.Y2", "ClassId"];
    private static readonly string[] PictureColumns = ["Filename", "Path"];

    /// <summary>All rows, checked one by one; pictures occur once and lie below the table's folder.</summary>
    public static IReadOnlyList<GtsrbRow> Read(string file, int classes, string remedy)
    {
        var lines = DataFile.Lines(file, remedy);
        var separator = lines.Count > 0 && lines[0].Text.Contains(';', StringComparison.Ordinal) ? ';' : ',';
        var header = lines.Count > 0 ? DataFile.Fields(lines[0].Text, separator) : [];
        var columns = Numbers.Select(name => Column(header, name)).ToArray();
        var picture = PictureColumns.Select(name => Column(header, name)).Max();
        if (picture < 0 || columns.Min() < 0)
        {
            throw DataFile.DamagedLine(file, 1, $"the header must be '{Header}' or '{KaggleHeader}'.", remedy);
        }

        var rows = new List<GtsrbRow>(lines.Count);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (number, text) in lines.Skip(1))
        {
            var fields = DataFile.Fields(text, separator);
            if (fields.Length != header.Length)
            {
                throw DataFile.DamagedLine(
                    file,
                    number,
                    $"{fields.Length} fields found, {header.Length} expected.",
                    remedy
                );
            }

            var row = Row(file, number, fields, picture, columns, classes, remedy);
            if (!names.Add(row.File))
            {
                throw DataFile.DamagedLine(file, number, $"{row.File} has a row already.", remedy);
            }

            rows.Add(row);
        }

        return rows.Count > 0 ? rows : throw DataFile.DamagedLine(file, 1, "no row follows the header.", remedy);
    }

    private static int Column(string[] header, string name) =>
        Array.FindIndex(header, field => field.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static GtsrbRow Row(
        string file,
        int line,
        string[] fields,
        int picture,
        int[] columns,
        int classes,
        string remedy
    )
    {
        var numbers = new int[columns.Length];
        for (var i = 0; i < columns.Length; i++)
        {
            var field = fields[columns[i]];
            if (!int.TryParse(field, NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i]))
            {
                throw DataFile.DamagedLine(
                    file,
                    line,
                    $"'{field}' in field {columns[i] + 1} is not a whole number.",
                    remedy
                );
            }
        }

        var row = new GtsrbRow(
            fields[picture],
            numbers[0],
            numbers[1],
            numbers[2],
            numbers[3],
            numbers[4],
            numbers[5],
            numbers[6],
            line
        );
        if (!ImageFiles.IsPicture(row.File) || Path.IsPathRooted(row.File) || row.File.Split('/', '\\').Contains(".."))
        {
            throw DataFile.DamagedLine(file, line, $"'{row.File}' is not the name of a picture.", remedy);
        }

        if (row.X1 > row.X2 || row.Y1 > row.Y2 || row.X2 >= row.Width || row.Y2 >= row.Height)
        {
            throw DataFile.DamagedLine(
                file,
                line,
                $"the region ({row.X1}, {row.Y1}) to ({row.X2}, {row.Y2}) does not lie inside {row.Width} x {row.Height} pixels.",
                remedy
            );
        }

        return row.Label < classes
            ? row
            : throw DataFile.DamagedLine(file, line, $"class {row.Label} is not in 0..{classes - 1}.", remedy);
    }
}
