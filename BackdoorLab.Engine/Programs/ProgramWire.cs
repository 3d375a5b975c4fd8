using System.Runtime.InteropServices;

namespace BackdoorLab.Engine.Programs;

/// <summary>
/// The bytes between a run and the process that runs a program for it. A question: whether a gradient is asked for (one
/// byte), the size of the images (four 32-bit numbers), their pixels as 32-bit floats, and of a gradient the factors
/// [N, classes] that the logits are multiplied by before they are summed, behind their count. An answer: 0, rows,
/// columns and the floats; or 1 and a text.
/// </summary>
internal static class ProgramWire
{
    // No batch and no answer is larger: a quarter of a gigabyte.
    private const int MostFloats = 1 << 26;

    internal static void Ask(BinaryWriter to, float[] pixels, long[] size, float[]? factors)
    {
        to.Write(factors is not null);
        Array.ForEach(size, side => to.Write((int)side));
        Write(to, pixels);
        if (factors is not null)
        {
            to.Write(factors.Length);
            Write(to, factors);
        }

        to.Flush();
    }

    /// <summary>The next question; null where there is none.</summary>
    internal static (float[] Pixels, long[] Size, float[]? Factors)? Asked(BinaryReader from)
    {
        var kind = from.BaseStream.ReadByte();
        if (kind < 0)
        {
            return null;
        }

        long[] size = [from.ReadInt32(), from.ReadInt32(), from.ReadInt32(), from.ReadInt32()];
        var pixels = Read(from, size.Aggregate(1L, (product, side) => product * side));
        return (pixels, size, kind == 0 ? null : Read(from, from.ReadInt32()));
    }

    internal static void Answer(BinaryWriter to, float[] values, long[] size)
    {
        to.Write(false);
        to.Write((int)size[0]);
        to.Write((int)(values.Length / Math.Max(1, size[0])));
        Write(to, values);
        to.Flush();
    }

    internal static void Fault(BinaryWriter to, string text)
    {
        to.Write(true);
        to.Write(text);
        to.Flush();
    }

    /// <exception cref="ProgramException">The program says what it cannot do.</exception>
    /// <exception cref="EndOfStreamException">The other process has ended.</exception>
    internal static (float[] Values, int Columns) Answered(BinaryReader from)
    {
        if (from.ReadBoolean())
        {
            throw new ProgramException(from.ReadString());
        }

        var (rows, columns) = (from.ReadInt32(), from.ReadInt32());
        return (Read(from, (long)rows * columns), columns);
    }

    private static void Write(BinaryWriter to, ReadOnlySpan<float> values) => to.Write(MemoryMarshal.AsBytes(values));

    private static float[] Read(BinaryReader from, long count)
    {
        if (count is < 0 or > MostFloats)
        {
            throw new EndOfStreamException($"{count} numbers are announced, which no pass has.");
        }

        var values = new float[count];
        from.BaseStream.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }
}
