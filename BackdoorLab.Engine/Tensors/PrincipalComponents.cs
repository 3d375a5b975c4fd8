using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tensors;

/// <summary>
/// Principal components of points: directions of largest variance, each with its sign fixed so that its entry of
/// largest magnitude is positive, because a solver's signs are arbitrary and would mirror pictures between machines.
/// </summary>
public sealed class PrincipalComponents
{
    private const int ChunkRows = 4096;

    private PrincipalComponents(float[] mean, float[] components, double[] variances, double totalVariance) =>
        (Mean, Components, Variances, TotalVariance) = (mean, components, variances, totalVariance);

    /// <summary>Mean of the points.</summary>
    public float[] Mean { get; }

    /// <summary>Orthonormal directions [count, dimensions], row-major, by falling variance.</summary>
    public float[] Components { get; }

    /// <summary>Variance (n - 1) along each direction.</summary>
    public double[] Variances { get; }

    /// <summary>Variance in all dimensions together.</summary>
    public double TotalVariance { get; }

    /// <summary>Share of all variance along each direction; 0 when there is none.</summary>
    public double[] ExplainedVariance() =>
        [.. Variances.Select(value => TotalVariance > 0 ? value / TotalVariance : 0)];

    /// <summary>Fits <paramref name="count"/> directions to points [N, dimensions], row-major, N at least 2.</summary>
    public static PrincipalComponents Fit(float[] data, int dimensions, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(dimensions);
        ArgumentOutOfRangeException.ThrowIfNotEqual(data.Length % dimensions, 0);
        ArgumentOutOfRangeException.ThrowIfLessThan(data.Length / dimensions, 2);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, dimensions);
        var mean = MeanOf(data, dimensions);
        var (values, vectors) = Decompose(data, mean, dimensions);
        var components = new float[count * dimensions];
        var variances = new double[count];
        for (var k = 0; k < count; k++)
        {
            // eigh sorts ascending and keeps the vectors in columns.
            var column = dimensions - 1 - k;
            variances[k] = Math.Max(0, values[column]);
            var largest = 0.0;
            for (var d = 0; d < dimensions; d++)
            {
                var entry = vectors[d * dimensions + column];
                largest = Math.Abs(entry) > Math.Abs(largest) + 1e-9 ? entry : largest;
            }

            for (var d = 0; d < dimensions; d++)
            {
                components[k * dimensions + d] = (float)(vectors[d * dimensions + column] * (largest < 0 ? -1 : 1));
            }
        }

        var total = values.Sum(value => Math.Max(0, value));
        return new PrincipalComponents([.. mean.Select(value => (float)value)], components, variances, total);
    }

    /// <summary>Coordinates [N, count] of points [N, dimensions], row-major, along the directions.</summary>
    public float[] Project(float[] data)
    {
        var dimensions = Mean.Length;
        ArgumentOutOfRangeException.ThrowIfNotEqual(data.Length % dimensions, 0);
        var count = Variances.Length;
        var projected = new float[data.Length / dimensions * count];
        for (var i = 0; i < projected.Length; i++)
        {
            var point = data.AsSpan(i / count * dimensions, dimensions);
            var component = Components.AsSpan(i % count * dimensions, dimensions);
            var sum = 0.0;
            for (var d = 0; d < dimensions; d++)
            {
                sum += ((double)point[d] - Mean[d]) * component[d];
            }

            projected[i] = (float)sum;
        }

        return projected;
    }

    private static double[] MeanOf(float[] data, int dimensions)
    {
        var mean = new double[dimensions];
        for (var i = 0; i < data.Length; i++)
        {
            mean[i % dimensions] += data[i];
        }

        for (var d = 0; d < dimensions; d++)
        {
            mean[d] /= data.Length / dimensions;
        }

        return mean;
    }

    // Centred in double, then multiplied: the textbook E[xx'] - mean mean' loses all digits when the mean is large.
    private static (double[] Values, double[] Vectors) Decompose(float[] data, double[] mean, int dimensions)
    {
        using var outer = NewDisposeScope();
        var count = data.Length / dimensions;
        var scale = 1 / Math.Sqrt(count - 1);
        var covariance = zeros(new long[] { dimensions, dimensions }, dtype: ScalarType.Float64);
        for (var start = 0; start < count; start += ChunkRows)
        {
            using var chunkScope = NewDisposeScope();
            var rows = Math.Min(ChunkRows, count - start);
            var centred = new double[rows * dimensions];
            for (var i = 0; i < centred.Length; i++)
            {
                centred[i] = (data[start * dimensions + i] - mean[i % dimensions]) * scale;
            }

            var chunk = AlignedTensor.Of(centred, rows, dimensions);
            covariance.add_(chunk.t().mm(chunk));
        }

        var (values, vectors) = linalg.eigh(covariance);
        return (values.data<double>().ToArray(), vectors.contiguous().data<double>().ToArray());
    }
}
