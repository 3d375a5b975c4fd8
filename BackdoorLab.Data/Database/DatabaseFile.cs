using System.Buffers.Binary;
using Microsoft.Data.Sqlite;

namespace BackdoorLab.Data.Database;

/// <summary>
/// Looks at a database file before it is opened: a cut-off one would be found out in the middle of somebody's work, an
/// emptied one never.
/// </summary>
public static class DatabaseFile
{
    private const int HeaderLength = 100;
    private static readonly byte[] Magic = "SQLite format 3\0"u8.ToArray();

    /// <summary>Goes on when the file is absent, or is a whole SQLite database.</summary>
    /// <param name="inUse">
    /// Another process may write it: its head may for a moment speak of pages that are still to come.
    /// </param>
    /// <exception cref="LabDatabaseException">It is something else, or damaged.</exception>
    public static void Check(string path, bool inUse = false)
    {
        if (!File.Exists(path))
        {
            return;
        }

        Span<byte> header = stackalloc byte[HeaderLength];
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var count = file.ReadAtLeast(header, HeaderLength, throwOnEndOfStream: false);
        if (count == 0)
        {
            throw new LabDatabaseException(
                $"'{path}' is empty: it was cut off, or a first start was interrupted. "
                    + "Move it away to begin with an empty lab."
            );
        }

        if (!header[..Math.Min(count, Magic.Length)].SequenceEqual(Magic.AsSpan(0, Math.Min(count, Magic.Length))))
        {
            throw Foreign(path);
        }

        // SQLite's own count of pages holds where both counters of changes agree (file format, 1.3.7).
        var (pages, size) = (
            BinaryPrimitives.ReadUInt32BigEndian(header[28..]),
            BinaryPrimitives.ReadUInt16BigEndian(header[16..])
        );
        var whole = pages * (long)(size == 1 ? 65536 : size);
        if (count < HeaderLength || (!inUse && header[24..28].SequenceEqual(header[92..96]) && file.Length < whole))
        {
            throw Damaged(
                path,
                $"it has {file.Length} bytes where its own head says {(count < HeaderLength ? "more" : whole)}"
            );
        }
    }

    /// <summary>
    /// What an error of the database library says of the file, or null when it is about something else.
    /// </summary>
    internal static LabDatabaseException? Of(SqliteException error, string path) =>
        error.SqliteErrorCode switch
        {
            11 => Damaged(path, error.Message, error),
            26 => Foreign(path, error),
            _ => null,
        };

    /// <summary>The file belongs to something else.</summary>
    internal static LabDatabaseException Foreign(string path, Exception? inner = null) =>
        new($"'{path}' is not a database of this program. Move it away or choose another path.", inner!);

    private static LabDatabaseException Damaged(string path, string how, Exception? inner = null) =>
        new($"'{path}' is damaged or was cut off: {how.TrimEnd('.')}.", inner!);
}
