using BackdoorLab.Engine.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// Location of n vectors of which a few may be anything: pure functions of a float32 tensor [n, P]. Returned tensors
/// are float32 [P] and belong to the caller's dispose scope.
/// </summary>
public static class RobustMeans
{
    private static readonly Scalar One = 1.0;
    private static readonly Scalar Half = 0.5;

    /// <summary>Sum over rows of weight times row.</summary>
    /// <param name="updates">float32 [n, P].</param>
    /// <param name="weights">One finite weight a row.</param>
    public static Tensor WeightedSum(Tensor updates, double[] weights)
    {
        using var scope = NewDisposeScope();
        return AlignedTensor
            .Of(Array.ConvertAll(weights, weight => (float)weight), 1, weights.Length)
            .mm(updates)
            .flatten()
            .MoveToOuterDisposeScope();
    }

    /// <summary>The weights divided by their sum, which must be positive.</summary>
    public static double[] Normalised(IReadOnlyList<double> weights)
    {
        var total = weights.Sum();
        return [.. weights.Select(weight => weight / total)];
    }

    /// <summary>
    /// Krum's score of each row: the sum of its n - f - 2 smallest squared Euclidean distances to other rows (Blanchard
    /// et al. 2017, section 4).
    /// </summary>
    /// <param name="updates">float32 [n, P].</param>
    /// <param name="attackers">f, with n - f - 2 at least 1.</param>
    public static double[] KrumScores(Tensor updates, int attackers)
    {
        var gram = GramMatrix.Of(updates);
        var neighbours = gram.Count - attackers - 2;
        ArgumentOutOfRangeException.ThrowIfLessThan(neighbours, 1, nameof(attackers));
        var scores = new double[gram.Count];
        for (var i = 0; i < scores.Length; i++)
        {
            var row = i;
            scores[i] = Enumerable
                .Range(0, gram.Count)
                .Where(j => j != row)
                .Select(j => gram.SquaredDistance(row, j))
                .Order()
                .Take(neighbours)
                .Sum();
        }

        return scores;
    }

    /// <summary>The row with the smallest of the <see cref="KrumScores"/>; of equal ones the first.</summary>
    public static int Krum(Tensor updates, int attackers) => Lowest(KrumScores(updates, attackers), 1)[0];

    /// <summary>
    /// Indices of the <paramref name="count"/> lowest scores by rising score; of equal ones the first.
    /// </summary>
    public static int[] Lowest(double[] scores, int count) =>
        [.. Enumerable.Range(0, scores.Length).OrderBy(i => scores[i]).Take(count)];

    /// <summary>The median of each coordinate.</summary>
    /// <param name="updates">float32 [n, P].</param>
    /// <param name="averageMiddle">For an even n: the mean of the two middle values, else the lower one.</param>
    public static Tensor Median(Tensor updates, bool averageMiddle)
    {
        var count = updates.shape[0];
        return ColumnBlocks.ReduceSorted(
            updates,
            sorted =>
            {
                var lower = sorted.select(1, (count - 1) / 2);
                return averageMiddle && count % 2 == 0 ? lower.add(sorted.select(1, count / 2), One).mul(Half) : lower;
            }
        );
    }

    /// <summary>
    /// The mean of each coordinate without its <paramref name="trim"/> smallest and <paramref name="trim"/> largest
    /// values.
    /// </summary>
    /// <param name="updates">float32 [n, P].</param>
    /// <param name="trim">Values left out at each end; 2 trim is below n.</param>
    public static Tensor TrimmedMean(Tensor updates, int trim)
    {
        var left = updates.shape[0] - (2 * trim);
        ArgumentOutOfRangeException.ThrowIfNegative(trim);
        ArgumentOutOfRangeException.ThrowIfLessThan(left, 1, nameof(trim));
        return ColumnBlocks.ReduceSorted(updates, sorted => sorted.narrow(1, trim, left).mean([1]));
    }

    /// <summary>
    /// The geometric median, argmin over v of sum of a_i |v - u_i|, by the smoothed Weiszfeld algorithm (Pillutla et
    /// al. 2022): start at the weighted mean, then b_i = a_i / max(nu, |v - u_i|) and v = sum of b_i u_i / sum of b_i.
    /// Every iterate is a weighted mean of the rows, so distances follow from the rows' pairwise ones and no iteration
    /// touches the vectors.
    /// </summary>
    /// <param name="updates">float32 [n, P].</param>
    /// <param name="weights">a_i, positive; their sum does not matter.</param>
    /// <param name="iterations">At most so many steps.</param>
    /// <param name="smoothing">nu: nearer rows count as this near.</param>
    /// <param name="tolerance">Ends when the objective changes by less than this share.</param>
    /// <returns>The weights whose weighted mean is the median; they sum to 1.</returns>
    public static double[] GeometricMedianWeights(
        Tensor updates,
        IReadOnlyList<double> weights,
        int iterations,
        double smoothing,
        double tolerance
    )
    {
        var gram = GramMatrix.Of(updates);
        var shares = Normalised(weights);
        var current = shares;
        var distances = Distances(gram, current);
        var objective = Dot(shares, distances);
        for (var iteration = 0; iteration < iterations; iteration++)
        {
            current = Normalised([.. shares.Select((share, i) => share / Math.Max(smoothing, distances[i]))]);
            distances = Distances(gram, current);
            var next = Dot(shares, distances);
            if (Math.Abs(objective - next) < tolerance * next)
            {
                break;
            }

            objective = next;
        }

        return current;
    }

    // |sum of b_j u_j - u_i|^2 = sum of b_j d_ij - 1/2 sum of b_j b_k d_jk for weights that sum to 1, with d the
    // squared distances.
    private static double[] Distances(GramMatrix gram, double[] mean)
    {
        var toMean = new double[gram.Count];
        for (var i = 0; i < toMean.Length; i++)
        {
            for (var j = 0; j < toMean.Length; j++)
            {
                toMean[i] += mean[j] * gram.SquaredDistance(i, j);
            }
        }

        var spread = Dot(mean, toMean) / 2;
        return Array.ConvertAll(toMean, squared => Math.Sqrt(Math.Max(0, squared - spread)));
    }

    private static double Dot(double[] a, double[] b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }
}
