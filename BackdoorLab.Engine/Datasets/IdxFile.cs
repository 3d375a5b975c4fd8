using System.Buffers.Binary;
using System.IO.Compression;

namespace BackdoorLab.Engine.Datasets;

/// <summary>
/// Reads an idx file (big-endian header, then bytes), gzip-compressed or not, and trusts nothing in it: magic number,
/// sizes, count, missing and trailing bytes are checked before anything is returned.
/// </summary>
internal sealed record IdxFile(int Count, byte[] Data, string PackedMd5, string ContentMd5, bool IsPacked)
{
    private const int ImagesMagic = 2051;
    private const int LabelsMagic = 2049;
    private const int LargestCount = 300_000;
    private const long LargestContent = 16 + LargestCount * 28L * 28;

    /// <summary>Reads an image file: <paramref name="height"/> x <paramref name="width"/> bytes an image.</summary>
    public static IdxFile Images(string file, int height, int width, string remedy)
    {
        var read = Read(file, 16, remedy);
        CheckMagic(file, read.Content, ImagesMagic, "an idx image file", remedy);
        for (var side = 0; side < 2; side++)
        {
            var (expected, name) = side == 0 ? (height, "rows") : (width, "columns");
            var found = BinaryPrimitives.ReadInt32BigEndian(read.Content.AsSpan(8 + 4 * side));
            if (found != expected)
            {
                throw DataFile.Damaged(
                    file,
                    8 + 4 * side,
                    $"the header says {found} {name}, {expected} expected.",
                    remedy
                );
            }
        }

        return Body(file, read, 16, height * width, remedy);
    }

    /// <summary>Reads a label file; every label must be below <paramref name="classes"/>.</summary>
    public static IdxFile Labels(string file, int classes, string remedy)
    {
        var read = Read(file, 8, remedy);
        CheckMagic(file, read.Content, LabelsMagic, "an idx label file", remedy);
        var labels = Body(file, read, 8, 1, remedy);
        var wrong = labels.Data.AsSpan().IndexOfAnyExceptInRange((byte)0, (byte)(classes - 1));
        return wrong < 0
            ? labels
            : throw DataFile.Damaged(
                file,
                8 + wrong,
                $"label {labels.Data[wrong]} is not in 0..{classes - 1} (offset in the unpacked content).",
                remedy
            );
    }

    private static IdxFile Body(
        string file,
        (byte[] Content, string PackedMd5, bool IsPacked) read,
        int header,
        int stride,
        string remedy
    )
    {
        var count = BinaryPrimitives.ReadInt32BigEndian(read.Content.AsSpan(4));
        if (count is <= 0 or > LargestCount)
        {
            throw DataFile.Damaged(file, 4, $"the header says {count} items, which cannot be.", remedy);
        }

        var expected = header + (long)count * stride;
        if (read.Content.Length < expected)
        {
            throw DataFile.Damaged(
                file,
                read.Content.Length,
                $"the content ends here; {DataFile.Number(expected)} bytes expected for {DataFile.Number(count)} items.",
                remedy
            );
        }

        if (read.Content.Length > expected)
        {
            throw DataFile.Damaged(
                file,
                expected,
                $"{DataFile.Number(read.Content.Length - expected)} bytes follow the last of {DataFile.Number(count)} items.",
                remedy
            );
        }

        return new(count, read.Content[header..], read.PackedMd5, DataFile.Md5(read.Content), read.IsPacked);
    }

    private static void CheckMagic(string file, byte[] content, int magic, string what, string remedy)
    {
        var found = BinaryPrimitives.ReadInt32BigEndian(content);
        if (found != magic)
        {
            throw DataFile.Damaged(
                file,
                0,
                $"magic number {found} found, {magic} expected: this is not {what}.",
                remedy
            );
        }
    }

    private static (byte[] Content, string PackedMd5, bool IsPacked) Read(string file, int header, string remedy)
    {
        var bytes = DataFile.ReadAll(file, remedy);
        var packed = file.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);
        var content = packed ? Unpack(file, bytes, remedy) : bytes;
        return content.Length >= header
            ? (content, packed ? DataFile.Md5(bytes) : "", packed)
            : throw DataFile.Damaged(
                file,
                content.Length,
                $"the content ends inside the {header}-byte header.",
                remedy
            );
    }

    private static byte[] Unpack(string file, byte[] packed, string remedy)
    {
        if (packed.Length < 18 || packed[0] != 0x1F || packed[1] != 0x8B)
        {
            throw DataFile.Damaged(file, 0, "this is not a gzip file.", remedy);
        }

        // The last four bytes hold the unpacked length. The platform's decompressor takes a cut-off file for a complete
        // one.
        var length = BinaryPrimitives.ReadUInt32LittleEndian(packed.AsSpan(packed.Length - 4));
        if (length > LargestContent)
        {
            throw DataFile.Damaged(
                file,
                packed.Length - 4,
                $"the gzip file has bytes after its end, or says rightly that it unpacks to {DataFile.Number(length)} bytes; at most {DataFile.Number(LargestContent)} are read.",
                remedy
            );
        }

        // One byte more than it says, so that a longer one is seen, and not all of it made.
        var content = new byte[length + 1];
        int unpacked;
        using var stream = new GZipStream(new MemoryStream(packed), CompressionMode.Decompress);
        try
        {
            unpacked = stream.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
        }
        catch (InvalidDataException error)
        {
            throw DataFile.Damaged(file, packed.Length, "the gzip data is corrupt.", remedy, error);
        }

        return unpacked == length
            ? content[..unpacked]
            : throw DataFile.Damaged(
                file,
                packed.Length,
                unpacked < length
                    ? $"the gzip file is cut off or has bytes after its end: {DataFile.Number(unpacked)} bytes unpacked, its last word says {DataFile.Number(length)}."
                    : $"the gzip file is cut off or has bytes after its end: more unpacked than the {DataFile.Number(length)} bytes that its last word says.",
                remedy
            );
    }
}
