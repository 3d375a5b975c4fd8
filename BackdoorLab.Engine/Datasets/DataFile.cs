using System.Globalization;
using System.Security.Cryptography;

namespace BackdoorLab.Engine.Datasets;

/// <summary>What all loaders share: finding files, checksums, and the wording of errors (file, place, fault, remedy).</summary>
internal static class DataFile
{
    /// <summary>A wrong byte in a binary file.</summary>
    public static DatasetException Damaged(string file, long offset, string fault, string remedy, Exception? inner = null) =>
        new($"{file}, byte {Number(offset)}: {fault} {remedy}", inner);

    /// <summary>A wrong line in a text file; lines count from 1.</summary>
    public static DatasetException DamagedLine(string file, int line, string fault, string remedy) =>
        new($"{file}, line {Number(line)}: {fault} {remedy}");

    /// <summary>Absent files.</summary>
    public static DatasetException Missing(string what, string remedy) => new($"{what} {remedy}") { State = DatasetState.Missing };

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

    /// <summary>All bytes of a file; an unreadable one becomes a <see cref="DatasetException"/>.</summary>
    public static byte[] ReadAll(string file, string remedy)
    {
        try
        {
            return File.ReadAllBytes(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException($"{file} cannot be read: {error.Message} {remedy}", error);
        }
    }

    /// <summary>MD5 in lower-case hexadecimal, the form in which the authors publish it.</summary>
    public static string Md5(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(MD5.HashData(bytes));

    /// <summary>A count with thousands separators.</summary>
    public static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>Turns the exception of a check into the status a page shows.</summary>
    public static DatasetStatus Status(DatasetException error, string remedy) => new(error.State, error.Message) { Remedy = remedy };
}
