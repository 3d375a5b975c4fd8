using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Datasets;

/// <summary>
/// What all loaders share: finding and opening files, checksums, and the wording of errors (file, place, fault,
/// remedy).
/// </summary>
internal static class DataFile
{
    private const long MostTextBytes = 64 << 20;

    /// <summary>A wrong byte in a binary file.</summary>
    public static DatasetException Damaged(
        string file,
        long offset,
        string fault,
        string remedy,
        Exception? inner = null
    ) => new($"{file}, byte {Number(offset)}: {fault} {remedy}", inner);

    /// <summary>A wrong line in a text file; lines count from 1.</summary>
    public static DatasetException DamagedLine(string file, int line, string fault, string remedy) =>
        new($"{file}, line {Number(line)}: {fault} {remedy}");

    /// <summary>Absent files.</summary>
    public static DatasetException Missing(string what, string remedy) =>
        new($"{what} {remedy}") { State = DatasetState.Missing };

    /// <summary>The first of <paramref name="candidates"/> (relative to the root) that is a folder, or null.</summary>
    public static string? Folder(string dataRoot, params ReadOnlySpan<string> candidates)
    {
        foreach (var candidate in candidates)
        {
            var path = Path.Combine(dataRoot, candidate);
            if (Directory.Exists(path))
            {
                return path;
            }
        }

        return null;
    }

    /// <summary>
    /// Opens a regular file; anything else by that name, and an unreadable one, becomes a
    /// <see cref="DatasetException"/>.
    /// </summary>
    public static FileStream Open(string file, string remedy) =>
        Readable(file, remedy, () => RegularFile.OpenRead(file));

    /// <summary>All bytes of a regular file; as <see cref="Open"/>.</summary>
    public static byte[] ReadAll(string file, string remedy, long most = int.MaxValue / 2) =>
        Readable(file, remedy, () => RegularFile.ReadAllBytes(file, most));

    /// <summary>
    /// The lines of a text file (UTF-8 or as its byte order mark says) that say something, with their numbers from 1.
    /// Blank lines, which editors and exports leave at the end, say nothing.
    /// </summary>
    public static IReadOnlyList<(int Number, string Text)> Lines(string file, string remedy)
    {
        using var reader = new StreamReader(
            new MemoryStream(ReadAll(file, remedy, MostTextBytes)),
            Encoding.UTF8,
            detectEncodingFromByteOrderMarks: true
        );
        var lines = new List<(int, string)>();
        for (var number = 1; reader.ReadLine() is { } line; number++)
        {
            if (!string.IsNullOrWhiteSpace(line))
            {
                lines.Add((number, line.TrimEnd()));
            }
        }

        return lines;
    }

    /// <summary>The fields of a line of comma-separated values; quotes around a field are taken off.</summary>
    public static string[] Fields(string line, char separator) =>
        [.. line.Split(separator).Select(field => field.Trim().Trim('"'))];

    /// <summary>MD5 in lower-case hexadecimal, the form in which the authors publish it.</summary>
    public static string Md5(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(MD5.HashData(bytes));

    /// <summary>A count with thousands separators.</summary>
    public static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>The first few of many names, and how many there are.</summary>
    public static string Some(IReadOnlyCollection<string> names, int most = 12) =>
        names.Count <= most
            ? string.Join(", ", names)
            : $"{string.Join(", ", names.Take(most - 1))}, ... {names.Last()} ({Number(names.Count)} in all)";

    /// <summary>Turns the exception of a check into the status a page shows.</summary>
    public static DatasetStatus Status(DatasetException error, string remedy) =>
        new(error.State, error.Message) { Remedy = remedy };

    private static T Readable<T>(string file, string remedy, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // What the system says names the file already; what is told first is where it lies.
            var why = error.Message.StartsWith(file, StringComparison.Ordinal)
                ? error.Message
                : $"{file} cannot be read: {error.Message}";
            throw new DatasetException($"{why} {remedy}", error);
        }
    }
}
