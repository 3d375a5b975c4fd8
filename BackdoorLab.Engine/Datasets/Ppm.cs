namespace BackdoorLab.Engine.Datasets;

/// <summary>Reads binary PPM (P6, 8 bits a channel).</summary>
internal static class Ppm
{
    private const int HeaderLimit = 4096;
    private const int LargestSide = 32_768;

    /// <summary>Decodes a whole file; its length must fit its header exactly.</summary>
    public static Bitmap Decode(string file, byte[] bytes, string remedy)
    {
        var (width, height, offset) = Header(file, bytes, remedy);
        CheckLength(file, bytes.Length, width, height, offset, remedy);
        return new(width, height, bytes[offset..]);
    }

    /// <summary>Checks header and length without reading the pixels.</summary>
    public static (int Width, int Height) Check(string file, string remedy)
    {
        using var stream = DataFile.Open(file, remedy);
        Span<byte> start = stackalloc byte[HeaderLimit];
        var read = stream.ReadAtLeast(start, HeaderLimit, throwOnEndOfStream: false);
        var (width, height, offset) = Header(file, start[..read], remedy);
        CheckLength(file, stream.Length, width, height, offset, remedy);
        return (width, height);
    }

    private static void CheckLength(string file, long length, int width, int height, int offset, string remedy)
    {
        var expected = offset + 3L * width * height;
        if (length < expected)
        {
            throw DataFile.Damaged(
                file,
                length,
                $"the file ends here; {width} x {height} pixels need {DataFile.Number(expected)} bytes.",
                remedy
            );
        }

        if (length > expected)
        {
            throw DataFile.Damaged(
                file,
                expected,
                $"{DataFile.Number(length - expected)} bytes follow the last pixel.",
                remedy
            );
        }
    }

    private static (int Width, int Height, int Offset) Header(string file, ReadOnlySpan<byte> bytes, string remedy)
    {
        if (bytes.Length < 2 || bytes[0] != 'P' || bytes[1] != '6')
        {
            throw DataFile.Damaged(file, 0, "a binary PPM starts with P6; this does not.", remedy);
        }

        var at = 2;
        var width = Value(file, bytes, ref at, "width", LargestSide, remedy);
        var height = Value(file, bytes, ref at, "height", LargestSide, remedy);
        var start = at;
        var largest = Value(file, bytes, ref at, "largest value", 65_535, remedy);
        if (largest != 255)
        {
            throw DataFile.Damaged(
                file,
                start,
                $"the largest channel value is {largest}; only 255 (8 bits) is read.",
                remedy
            );
        }

        ImageFiles.CheckSize(file, width, height, remedy);

        // Exactly one white space stands between the header and the pixels.
        return at < bytes.Length && IsSpace(bytes[at])
            ? (width, height, at + 1)
            : throw DataFile.Damaged(file, at, "white space expected after the header.", remedy);
    }

    private static int Value(string file, ReadOnlySpan<byte> bytes, ref int at, string what, int largest, string remedy)
    {
        while (at < bytes.Length && (IsSpace(bytes[at]) || bytes[at] == '#'))
        {
            if (bytes[at] == '#')
            {
                while (at < bytes.Length && bytes[at] != '\n')
                {
                    at++;
                }
            }
            else
            {
                at++;
            }
        }

        var start = at;
        var value = 0;
        while (at < bytes.Length && bytes[at] is >= (byte)'0' and <= (byte)'9' && value <= largest)
        {
            value = value * 10 + bytes[at++] - '0';
        }

        return at > start && value > 0 && value <= largest
            ? value
            : throw DataFile.Damaged(
                file,
                start,
                $"the {what} in the header must be a number from 1 to {largest}.",
                remedy
            );
    }

    private static bool IsSpace(byte letter) => letter is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t';
}
