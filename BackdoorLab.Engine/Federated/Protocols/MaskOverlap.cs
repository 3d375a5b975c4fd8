using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>How much the clients' masks have in common, counted on a bit a coordinate.</summary>
internal static class MaskOverlap
{
    // Gathers the lowest bits of eight bytes in the uppermost byte.
    private const ulong Gather = 0x0102_0408_1020_4080;

    /// <summary>Jaccard overlap |A and B| / |A or B| of each pair of rows; 1 for two empty ones.</summary>
    /// <param name="masks">bool [clients, P].</param>
    internal static double[][] Jaccard(Tensor masks)
    {
        using var scope = NewDisposeScope();
        ulong[][] bits = [.. Enumerable.Range(0, (int)masks.shape[0]).Select(client => Packed(masks[client].bytes))];
        long[] ones = [.. bits.Select(row => Shared(row, row))];
        var overlap = Array.ConvertAll(bits, _ => new double[bits.Length]);
        for (var i = 0; i < bits.Length; i++)
        {
            for (var j = i; j < bits.Length; j++)
            {
                var shared = i == j ? ones[i] : Shared(bits[i], bits[j]);
                var union = ones[i] + ones[j] - shared;
                overlap[i][j] = overlap[j][i] = union > 0 ? (double)shared / union : 1;
            }
        }

        return overlap;
    }

    /// <summary>A bit for each byte, which is 0 or 1.</summary>
    private static ulong[] Packed(ReadOnlySpan<byte> mask)
    {
        var packed = new ulong[(mask.Length + 63) / 64];
        var target = MemoryMarshal.AsBytes(packed.AsSpan());
        var whole = mask.Length / 8;
        for (var i = 0; i < whole; i++)
        {
            target[i] = (byte)((BinaryPrimitives.ReadUInt64LittleEndian(mask[(8 * i)..]) * Gather) >> 56);
        }

        for (var i = 8 * whole; i < mask.Length; i++)
        {
            target[whole] |= (byte)(mask[i] << (i - 8 * whole));
        }

        return packed;
    }

    private static long Shared(ulong[] a, ulong[] b)
    {
        var count = 0L;
        for (var i = 0; i < a.Length; i++)
        {
            count += BitOperations.PopCount(a[i] & b[i]);
        }

        return count;
    }
}
