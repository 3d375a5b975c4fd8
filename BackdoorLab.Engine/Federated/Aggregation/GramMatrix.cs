using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// All inner products of n vectors, in double precision, so that distances between nearly equal updates survive the
/// subtraction. Lengths, distances and angles follow from them; one pass over the vectors, n^2 P multiply-adds.
/// </summary>
public sealed class GramMatrix
{
    private static readonly Scalar One = 1.0;

    private readonly double[] _products;

    private GramMatrix(double[] products, int count) => (_products, Count) = (products, count);

    /// <summary>Number of vectors, n.</summary>
    public int Count { get; }

    /// <summary>Products of the rows of a float tensor [n, P].</summary>
    public static GramMatrix Of(Tensor rows) =>
        Sum((int)rows.shape[0], rows.shape[1], (start, length) => rows.narrow(1, start, length));

    /// <summary>Products of float tensors [P] of equal length, at least one.</summary>
    public static GramMatrix Of(IReadOnlyList<Tensor> vectors) =>
        Sum(
            vectors.Count,
            vectors[0].shape[0],
            (start, length) => stack(vectors.Select(vector => vector.narrow(0, start, length)).ToArray())
        );

    /// <summary>Inner product of two vectors.</summary>
    public double Product(int i, int j) => _products[(Math.Min(i, j) * Count) + Math.Max(i, j)];

    /// <summary>Euclidean length of a vector.</summary>
    public double Norm(int i) => Math.Sqrt(Product(i, i));

    /// <summary>Squared Euclidean distance of two vectors.</summary>
    public double SquaredDistance(int i, int j) =>
        i == j ? 0 : Math.Max(0, Product(i, i) + Product(j, j) - (2 * Product(i, j)));

    /// <summary>
    /// Cosine of the angle between two vectors, in [-1, 1]; 0 where one of them is zero, which has no direction.
    /// </summary>
    public double Cosine(int i, int j) =>
        Norm(i) * Norm(j) is var lengths and > 0 ? Math.Clamp(Product(i, j) / lengths, -1, 1) : 0;

    private static GramMatrix Sum(int count, long length, Func<long, long, Tensor> columns)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var sum = zeros(count, count, ScalarType.Float64);
        foreach (var (start, width) in ColumnBlocks.Of(length))
        {
            using var blockScope = NewDisposeScope();
            var block = columns(start, width).to(ScalarType.Float64).contiguous();
            sum.add_(block.mm(block.t()), One);
        }

        return new GramMatrix(sum.data<double>().ToArray(), count);
    }
}
