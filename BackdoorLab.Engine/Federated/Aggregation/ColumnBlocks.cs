using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// Works through long vectors block by block, so that intermediate tensors stay small beside the updates themselves.
/// </summary>
internal static class ColumnBlocks
{
    private const long Width = 1 << 16;

    /// <summary>First column and number of columns of each block.</summary>
    internal static IEnumerable<(long Start, long Length)> Of(long columns)
    {
        for (long start = 0; start < columns; start += Width)
        {
            yield return (start, Math.Min(Width, columns - start));
        }
    }

    /// <summary>
    /// Reduces each column of <paramref name="rows"/> (float32 [n, P]) to one number, float32 [P]:
    /// <paramref name="reduce"/> gets columns as rows, sorted ascending ([block, n]), and returns [block].
    /// </summary>
    internal static Tensor ReduceSorted(Tensor rows, Func<Tensor, Tensor> reduce)
    {
        var result = empty(rows.shape[1], ScalarType.Float32);
        foreach (var (start, length) in Of(rows.shape[1]))
        {
            using var scope = NewDisposeScope();
            var (sorted, _) = rows.narrow(1, start, length).t().contiguous().sort(1);
            result.narrow(0, start, length).copy_(reduce(sorted));
        }

        return result;
    }
}
