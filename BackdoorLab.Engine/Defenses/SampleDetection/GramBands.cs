using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// What is usual of Gram entries: for each the median of clean images and so many deviations around it.
/// </summary>
/// <param name="low">Lower ends.</param>
/// <param name="high">Upper ends.</param>
/// <param name="divisor">See <see cref="GramMatrices.Divisor"/>.</param>
internal sealed class GramBands(Tensor low, Tensor high, double divisor)
{
    private static readonly Scalar Tiny = 1e-6;
    private static readonly Scalar One = 1;

    /// <summary>
    /// Bands of entries float64 [N, entries]; the lower of two values in the middle counts, as in the released code. In
    /// the caller's scope.
    /// </summary>
    internal static GramBands Of(Tensor entries, Scalar width, double divisor)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var median = LowerMedian(entries);
        var reach = LowerMedian(entries.sub(median).abs()).mul(width);
        return new(
            median.sub(reach).MoveToOuterDisposeScope(),
            median.add(reach, One).MoveToOuterDisposeScope(),
            divisor
        );
    }

    /// <summary>
    /// For each image how far its entries lie outside their bands, as shares of the band's end, over the divisor.
    /// </summary>
    internal double[] Deviations(Tensor entries)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var below = low.sub(entries).relu().div(low.add(Tiny).abs());
        var above = entries.sub(high).relu().div(high.add(Tiny).abs());
        return Array.ConvertAll(below.add(above, One).sum(1).data<double>().ToArray(), sum => sum / divisor);
    }

    /// <summary>
    /// The deviation that a share of clean images stays below: each fifth of them is measured by the bands of the
    /// others, and the value at that place of all is taken, as in the released code.
    /// </summary>
    internal static double Threshold(Tensor entries, Scalar width, double divisor, double share)
    {
        const int folds = 5;
        using var scope = NewDisposeScope();
        var count = (int)entries.shape[0];
        var fold = count / folds;
        var deviations = new List<double>();
        for (var i = 0; i < folds; i++)
        {
            var (start, end) = (i * fold, (i + 1) * fold);
            var others = cat([entries.narrow(0, 0, start), entries.narrow(0, end, count - end)], 0);
            deviations.AddRange(Of(others, width, divisor).Deviations(entries.narrow(0, start, fold)));
        }

        deviations.Sort();
        return deviations[Math.Min(deviations.Count - 1, (int)(share * deviations.Count))];
    }

    private static Tensor LowerMedian(Tensor rows) =>
        rows.sort(0).Values.select(0, (rows.shape[0] - 1) / 2).unsqueeze(0);
}
