using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>Moves of one tensor's mask: bool [n], true where a client trains. Pure functions; results belong to the caller's scope.</summary>
internal static class SubspaceMask
{
    private static readonly Scalar Never = double.PositiveInfinity;

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

    /// <summary>The mask without its <paramref name="count"/> active coordinates of smallest magnitude.</summary>
    /// <param name="mask">bool [n].</param>
    /// <param name="weights">float [n].</param>
    /// <param name="count">At most the number of ones.</param>
    internal static Tensor Prune(Tensor mask, Tensor weights, int count)
    {
        using var scope = NewDisposeScope();
        var magnitudes = weights.abs().masked_fill_(mask.logical_not(), Never);
        return Without(mask, magnitudes, count).MoveToOuterDisposeScope();
    }

    /// <summary>The mask with the <paramref name="count"/> inactive coordinates of largest gradient magnitude.</summary>
    internal static Tensor Recover(Tensor mask, Tensor gradient, int count)
    {
        using var scope = NewDisposeScope();
        var inactive = mask.logical_not();
        var magnitudes = gradient.abs().neg_().masked_fill_(mask, Never);
        return Without(inactive, magnitudes, count).logical_not().MoveToOuterDisposeScope();
    }

    /// <summary>The mask with <paramref name="count"/> inactive coordinates drawn at random.</summary>
    internal static Tensor RecoverRandomly(Tensor mask, int count, Random random)
    {
        using var scope = NewDisposeScope();
        var draws = new float[mask.numel()];
        for (var i = 0; i < draws.Length; i++)
        {
            draws[i] = random.NextSingle();
        }

        return Recover(mask, tensor(draws), count).MoveToOuterDisposeScope();
    }

    /// <summary>The <paramref name="share"/> of the coordinates (rounded down) with the smallest magnitude.</summary>
    internal static Tensor Smallest(Tensor values, double share)
    {
        using var scope = NewDisposeScope();
        var all = ones(values.numel(), dtype: ScalarType.Bool);
        var count = (int)Math.Floor(share * values.numel() + 1e-9);
        return Without(all, values.abs(), count).logical_not().MoveToOuterDisposeScope();
    }

    // The mask without the coordinates of the smallest keys.
    private static Tensor Without(Tensor mask, Tensor keys, int count)
    {
        if (count <= 0)
        {
            return mask.clone();
        }

        var (_, chosen) = keys.topk(count, largest: false, sorted: false);
        return mask.clone().index_fill_(0, chosen, 0);
    }
}
