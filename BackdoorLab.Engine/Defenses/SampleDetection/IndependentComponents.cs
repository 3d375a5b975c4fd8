using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// FastICA (Hyvärinen 1999): symmetric fixed-point iteration with tanh on whitened data. Works on a few dimensions that
/// principal components have already reduced.
/// </summary>
internal static class IndependentComponents
{
    private const int Iterations = 200;
    private const double Tolerance = 1e-4;

    /// <summary>
    /// Independent coordinates [N, columns], each of variance one, of whitened points [N, columns], row-major. Sign and
    /// order are arbitrary.
    /// </summary>
    internal static float[] Of(float[] whitened, int columns, Random random)
    {
        var rotation = new double[columns * columns];
        for (var i = 0; i < rotation.Length; i++)
        {
            rotation[i] = random.NextDouble() - 0.5;
        }

        rotation = Orthogonalize(rotation, columns);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var points = AlignedTensor.Of(whitened, whitened.Length / columns, columns);
        for (var iteration = 0; iteration < Iterations; iteration++)
        {
            var next = Orthogonalize(Step(points, rotation, columns), columns);
            var change = Change(rotation, next, columns);
            rotation = next;
            if (change < Tolerance)
            {
                break;
            }
        }

        var rotated = new float[whitened.Length];
        Inference.CopyTo(points.mm(Directions(rotation, columns)), rotated);
        return rotated;
    }

    /// <summary>The nearest orthogonal matrix, by Newton-Schulz iteration.</summary>
    internal static double[] Orthogonalize(double[] matrix, int size)
    {
        // Divided by a bound of its largest singular value, so that the iteration converges.
        var norm = Math.Sqrt(matrix.Sum(value => value * value));
        var current = Array.ConvertAll(matrix, value => value / norm);
        for (var iteration = 0; iteration < 60; iteration++)
        {
            var next = new double[current.Length];
            var gram = Multiply(current, current, size, transposeSecond: true);
            var cubed = Multiply(gram, current, size, transposeSecond: false);
            var change = 0.0;
            for (var i = 0; i < next.Length; i++)
            {
                next[i] = 1.5 * current[i] - 0.5 * cubed[i];
                change = Math.Max(change, Math.Abs(next[i] - current[i]));
            }

            current = next;
            if (change < 1e-12)
            {
                break;
            }
        }

        return current;
    }

    // E[g(wz) z] - E[g'(wz)] w for every direction w, with g = tanh.
    private static double[] Step(Tensor points, double[] rotation, int columns)
    {
        using var scope = NewDisposeScope();
        var g = points.mm(Directions(rotation, columns)).tanh();
        var (products, squares) = (new float[columns * columns], new float[columns]);
        Inference.CopyTo(g.t().mm(points), products);
        Inference.CopyTo(g.square().mean([0]), squares);
        var next = new double[rotation.Length];
        for (var i = 0; i < next.Length; i++)
        {
            next[i] = products[i] / points.shape[0] - (1 - squares[i / columns]) * rotation[i];
        }

        return next;
    }

    // The directions as columns.
    private static Tensor Directions(double[] rotation, int columns) =>
        AlignedTensor.Of(Array.ConvertAll(rotation, value => (float)value), columns, columns).t();

    // How far the directions have turned: 0 when each is where it was, up to its sign.
    private static double Change(double[] before, double[] after, int columns)
    {
        var change = 0.0;
        for (var k = 0; k < columns; k++)
        {
            var cosine = 0.0;
            for (var d = 0; d < columns; d++)
            {
                cosine += before[k * columns + d] * after[k * columns + d];
            }

            change = Math.Max(change, Math.Abs(Math.Abs(cosine) - 1));
        }

        return change;
    }

    private static double[] Multiply(double[] a, double[] b, int size, bool transposeSecond)
    {
        var product = new double[size * size];
        for (var i = 0; i < size; i++)
        {
            for (var j = 0; j < size; j++)
            {
                for (var k = 0; k < size; k++)
                {
                    product[i * size + j] += a[i * size + k] * (transposeSecond ? b[j * size + k] : b[k * size + j]);
                }
            }
        }

        return product;
    }
}
