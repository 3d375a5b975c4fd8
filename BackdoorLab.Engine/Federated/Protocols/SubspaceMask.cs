using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// Moves of one tensor's mask: bool [n], true where a client trains. They work on memory: the coordinates that move are
/// few, and finding them is one pass over the tensor. Of equal magnitudes a large tensor moves the first coordinates, a
/// small one those that the library's selection takes.
/// </summary>
internal static class SubspaceMask
{
    // A float's bits without its sign are in the order of its magnitude.
    private const uint Magnitude = 0x7FFF_FFFF;
    private const int Samples = 8192;

    // Below, the library's selection costs next to nothing. Equal magnitudes live there: a normalisation's scale that
    // came back at zero often stays there.
    private const int Small = 1 << 17;

    /// <summary>floor(density * n) coordinates drawn at random.</summary>
    internal static bool[] Draw(long size, double density, Random random)
    {
        var mask = new bool[size];
        var count = (int)Math.Floor(density * size + 1e-9);
        if (count >= size)
        {
            Array.Fill(mask, true);
            return mask;
        }

        // Floyd's sampling: as many draws as there are ones, or as there are zeros.
        var (few, mark) = count <= size / 2 ? (count, true) : ((int)size - count, false);
        Array.Fill(mask, !mark);
        for (var last = (int)size - few; last < size; last++)
        {
            var drawn = random.Next(last + 1);
            mask[mask[drawn] == mark ? last : drawn] = mark;
        }

        return mask;
    }

    /// <summary>Coordinates to prune at rate alpha: ceil(alpha * ones).</summary>
    internal static int Count(double rate, long ones) => (int)Math.Ceiling(rate * ones - 1e-9);

    /// <summary>Coordinates in the mask.</summary>
    internal static int Ones(ReadOnlySpan<bool> mask) => mask.Count(true);

    /// <summary>
    /// Takes the <paramref name="count"/> active coordinates of smallest magnitude out of the mask, and zeroes the
    /// change there.
    /// </summary>
    /// <param name="mask">bool [n].</param>
    /// <param name="weights">float [n].</param>
    /// <param name="count">At most the number of ones.</param>
    /// <param name="change">float [n].</param>
    internal static void Prune(Span<bool> mask, ReadOnlySpan<float> weights, int count, Span<float> change)
    {
        foreach (var index in Pick(mask, member: true, weights, largest: false, count))
        {
            mask[index] = false;
            change[index] = 0;
        }
    }

    /// <summary>
    /// Takes the <paramref name="count"/> inactive coordinates of largest gradient magnitude into the mask.
    /// </summary>
    internal static void Recover(Span<bool> mask, ReadOnlySpan<float> gradient, int count)
    {
        foreach (var index in Pick(mask, member: false, gradient, largest: true, count))
        {
            mask[index] = true;
        }
    }

    /// <summary>Takes <paramref name="count"/> inactive coordinates drawn at random into the mask.</summary>
    internal static void RecoverRandomly(Span<bool> mask, int count, Random random)
    {
        var draws = new float[mask.Length];
        for (var i = 0; i < draws.Length; i++)
        {
            draws[i] = random.NextSingle();
        }

        Recover(mask, draws, count);
    }

    /// <summary>
    /// The <paramref name="share"/> of the coordinates (rounded down) with the smallest magnitude, bool [n] in the
    /// caller's scope. Which of equal ones the library decides: of a step, what nobody trains is equal.
    /// </summary>
    internal static Tensor Smallest(Tensor values, double share)
    {
        using var scope = NewDisposeScope();
        var mask = zeros(values.numel(), dtype: ScalarType.Bool);
        var count = (int)Math.Floor(share * values.numel() + 1e-9);
        return count == 0
            ? mask.MoveToOuterDisposeScope()
            : mask.index_fill_(0, Least(values.abs(), count), 1).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The coordinates with the smallest (or largest) magnitudes among those whose mask is <paramref name="member"/>.
    /// </summary>
    private static IEnumerable<int> Pick(
        ReadOnlySpan<bool> mask,
        bool member,
        ReadOnlySpan<float> values,
        bool largest,
        int count
    ) =>
        count <= 0 ? []
        : mask.Length <= Small ? OfFew(mask, member, values, largest, count)
        : OfMany(mask, member, values, largest, count);

    private static IEnumerable<int> OfFew(
        ReadOnlySpan<bool> mask,
        bool member,
        ReadOnlySpan<float> values,
        bool largest,
        int count
    )
    {
        var keys = new float[mask.Length];
        for (var i = 0; i < keys.Length; i++)
        {
            keys[i] =
                mask[i] != member ? float.PositiveInfinity
                : largest ? -MathF.Abs(values[i])
                : MathF.Abs(values[i]);
        }

        using var scope = NewDisposeScope();
        return Array.ConvertAll(Least(tensor(keys), count).data<long>().ToArray(), index => (int)index);
    }

    private static Tensor Least(Tensor keys, int count) => keys.topk(count, largest: false, sorted: false).indexes;

    /// <summary>
    /// A sample of the tensor tells a magnitude that a little more than enough members do not exceed; only those are
    /// sorted, one word each: magnitude above, index below.
    /// </summary>
    private static IEnumerable<int> OfMany(
        ReadOnlySpan<bool> mask,
        bool member,
        ReadOnlySpan<float> values,
        bool largest,
        int count
    )
    {
        var bits = MemoryMarshal.Cast<float, uint>(values);
        var flip = largest ? Magnitude : 0;
        var found = Collect(mask, member, bits, flip, Limit(mask, member, bits, flip, count));
        if (found.Count < count)
        {
            found = Collect(mask, member, bits, flip, Magnitude);
        }

        found.Sort();
        return found.Take(count).Select(word => (int)(uint)word);
    }

    private static List<ulong> Collect(
        ReadOnlySpan<bool> mask,
        bool member,
        ReadOnlySpan<uint> bits,
        uint flip,
        uint limit
    )
    {
        var found = new List<ulong>();
        for (var i = 0; i < bits.Length; i++)
        {
            var key = (bits[i] & Magnitude) ^ flip;

            // Both sides always: members lie at random, and a branch on them would be guessed wrong.
            if (key <= limit & mask[i] == member)
            {
                found.Add(((ulong)key << 32) | (uint)i);
            }
        }

        return found;
    }

    // Four deviations above the rank that is needed, so that a second pass is rare.
    private static uint Limit(ReadOnlySpan<bool> mask, bool member, ReadOnlySpan<uint> bits, uint flip, int count)
    {
        var keys = new List<uint>();
        var stride = (bits.Length / Samples) | 1; // Odd: kernels and channels come in powers of two.
        for (var i = 0; i < bits.Length; i += stride)
        {
            if (mask[i] == member)
            {
                keys.Add((bits[i] & Magnitude) ^ flip);
            }
        }

        var expected = keys.Count * (double)count / mask.Count(member);
        var rank = (int)(expected + 4 * Math.Sqrt(expected) + 8);
        keys.Sort();
        return rank < keys.Count ? keys[rank] : Magnitude;
    }
}
