using BackdoorLab.Engine.Core;
using MathNet.Numerics.LinearAlgebra;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// SCAn's model of features: a class has a mean of its own, which varies from class to class, and all classes share the
/// variation around it. Both covariances are found by turns: the means given the covariances (their posterior mean),
/// the covariances given the means. As in the released code the uncertainty of the means is left out, so some of it is
/// counted as variation within classes.
/// </summary>
internal sealed class FeatureVariation
{
    private readonly double[] _factor;

    /// <summary>Takes covariances as they are; the one within classes must be positive definite.</summary>
    internal FeatureVariation(Matrix<double> between, Matrix<double> within, int rounds)
    {
        (Between, Within, Rounds) = (between, within, rounds);
        var factor = within.Cholesky().Factor;
        _factor = factor.ToRowMajorArray();
        var halfway = Whitened(between.ToRowMajorArray());
        WhitenedBetween = Matrix<double>.Build.DenseOfRowMajor(Dimensions, Dimensions, Whitened(Transposed(halfway)));
    }

    /// <summary>Covariance of the class means.</summary>
    internal Matrix<double> Between { get; }

    /// <summary>Covariance within classes, its diagonal raised a little.</summary>
    internal Matrix<double> Within { get; }

    /// <summary><see cref="Between"/> in coordinates in which <see cref="Within"/> is the identity.</summary>
    internal Matrix<double> WhitenedBetween { get; }

    /// <summary>Rounds until nothing changed any more.</summary>
    internal int Rounds { get; }

    /// <summary>Dimensions of a point.</summary>
    internal int Dimensions => Within.RowCount;

    /// <summary>Fits both covariances.</summary>
    /// <param name="points">Points [N, dimensions], row-major, of mean zero over all.</param>
    /// <param name="dimensions">Dimensions of a point.</param>
    /// <param name="labels">Class of each point.</param>
    /// <param name="ridge">Added to the diagonal within classes, as a share of its mean.</param>
    /// <param name="tolerance">Ends when the changes are below this share of both norms.</param>
    /// <param name="mostRounds">Ends at the latest after so many rounds.</param>
    /// <exception cref="NotApplicableException">Within the classes nothing varies.</exception>
    internal static FeatureVariation Fit(
        double[] points,
        int dimensions,
        int[] labels,
        double ridge,
        double tolerance,
        int mostRounds
    )
    {
        var sums = Sums.Of(points, dimensions, labels);
        var means = Array.ConvertAll(sums.Classes, given => given.Sum / given.Count);
        var (between, within) = sums.Covariances(means);
        var rounds = 0;
        for (var change = double.PositiveInfinity; change > tolerance && rounds < mostRounds; rounds++)
        {
            var ridged = Ridged(within, ridge);
            means = Array.ConvertAll(
                sums.Classes,
                given => between * (given.Count * between + ridged).Cholesky().Solve(given.Sum)
            );
            var (nextBetween, nextWithin) = sums.Covariances(means);
            change =
                ((nextBetween - between).FrobeniusNorm() + (nextWithin - within).FrobeniusNorm())
                / (nextBetween.FrobeniusNorm() + nextWithin.FrobeniusNorm());
            (between, within) = (nextBetween, nextWithin);
        }

        return new FeatureVariation(between, Ridged(within, ridge), rounds);
    }

    /// <summary>
    /// Points [N, dimensions], row-major, in coordinates in which the covariance within classes is the identity: the
    /// Mahalanobis distance becomes the Euclidean one.
    /// </summary>
    internal double[] Whitened(double[] points)
    {
        var whitened = new double[points.Length];
        for (var start = 0; start < points.Length; start += Dimensions)
        {
            for (var row = 0; row < Dimensions; row++)
            {
                var rest = points[start + row];
                for (var column = 0; column < row; column++)
                {
                    rest -= _factor[row * Dimensions + column] * whitened[start + column];
                }

                whitened[start + row] = rest / _factor[row * Dimensions + row];
            }
        }

        return whitened;
    }

    private double[] Transposed(double[] square) =>
        [.. Enumerable.Range(0, square.Length).Select(i => square[i % Dimensions * Dimensions + i / Dimensions])];

    private static Matrix<double> Ridged(Matrix<double> within, double ridge)
    {
        var mean = within.Trace() / within.RowCount;
        return mean > 0
            ? within + ridge * mean * Matrix<double>.Build.DenseIdentity(within.RowCount)
            : throw new NotApplicableException(
                "The features of the clean images do not vary within their classes, so there is no measure of distance."
            );
    }

    private sealed record ClassSum(double Count, Vector<double> Sum);

    // All that the covariances need of the points: their scatter, and the sums of the classes.
    private sealed record Sums(double Count, Matrix<double> Scatter, ClassSum[] Classes)
    {
        internal static Sums Of(double[] points, int dimensions, int[] labels)
        {
            var matrix = Matrix<double>.Build.DenseOfRowMajor(labels.Length, dimensions, points);
            ClassSum[] classes =
            [
                .. labels
                    .Distinct()
                    .Order()
                    .Select(label =>
                    {
                        var sum = Vector<double>.Build.Dense(dimensions);
                        var count = 0;
                        for (var i = 0; i < labels.Length; i++)
                        {
                            if (labels[i] == label)
                            {
                                sum += matrix.Row(i);
                                count++;
                            }
                        }

                        return new ClassSum(count, sum);
                    }),
            ];
            return new(labels.Length, matrix.TransposeThisAndMultiply(matrix), classes);
        }

        /// <summary>Covariance (n - 1) over the points of their class's mean, and of what is left of them.</summary>
        internal (Matrix<double> Between, Matrix<double> Within) Covariances(Vector<double>[] means)
        {
            var size = Scatter.RowCount;
            var (squares, cross) = (Matrix<double>.Build.Dense(size, size), Matrix<double>.Build.Dense(size, size));
            var (ofMeans, ofAll) = (Vector<double>.Build.Dense(size), Vector<double>.Build.Dense(size));
            for (var k = 0; k < means.Length; k++)
            {
                squares += Classes[k].Count * means[k].OuterProduct(means[k]);
                cross += Classes[k].Sum.OuterProduct(means[k]);
                ofMeans += Classes[k].Count * means[k];
                ofAll += Classes[k].Sum;
            }

            var rest = ofAll - ofMeans;
            return (
                (squares - ofMeans.OuterProduct(ofMeans) / Count) / (Count - 1),
                (Scatter - cross - cross.Transpose() + squares - rest.OuterProduct(rest) / Count) / (Count - 1)
            );
        }
    }
}
