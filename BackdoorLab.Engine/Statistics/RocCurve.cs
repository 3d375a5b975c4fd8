namespace BackdoorLab.Engine.Statistics;

/// <summary>
/// Receiver operating characteristic of a score of which higher means positive: from nothing flagged (0, 0) to
/// everything flagged (1, 1), one point per distinct score, so that ties are flagged together.
/// </summary>
/// <param name="FalsePositiveRates">Abscissae, rising.</param>
/// <param name="TruePositiveRates">Ordinates, rising.</param>
/// <param name="Thresholds">A sample is flagged when its score is at least this; infinity at the first point.</param>
public sealed record RocCurve(double[] FalsePositiveRates, double[] TruePositiveRates, double[] Thresholds)
{
    /// <summary>The curve of scores whose truth is known.</summary>
    /// <exception cref="ArgumentException">One class is empty, or a score is not a number.</exception>
    public static RocCurve Of(ReadOnlySpan<double> negatives, ReadOnlySpan<double> positives)
    {
        var (scores, positive) = Ranked(negatives, positives);
        List<double> x = [0],
            y = [0],
            thresholds = [double.PositiveInfinity];
        var (hits, alarms) = (0, 0);
        for (var i = scores.Length - 1; i >= 0; i--)
        {
            _ = positive[i] ? hits++ : alarms++;
            if (i == 0 || scores[i - 1] != scores[i])
            {
                x.Add((double)alarms / negatives.Length);
                y.Add((double)hits / positives.Length);
                thresholds.Add(scores[i]);
            }
        }

        return new RocCurve([.. x], [.. y], [.. thresholds]);
    }

    /// <summary>
    /// Area under the curve: the chance that a positive scores above a negative, a tie counting one half (midranks).
    /// </summary>
    /// <exception cref="ArgumentException">One class is empty, or a score is not a number.</exception>
    public static double Auroc(ReadOnlySpan<double> negatives, ReadOnlySpan<double> positives)
    {
        var (scores, positive) = Ranked(negatives, positives);
        var rankSum = 0.0;
        for (var start = 0; start < scores.Length; )
        {
            var end = start;
            var hits = 0;
            for (; end < scores.Length && scores[end] == scores[start]; end++)
            {
                hits += positive[end] ? 1 : 0;
            }

            rankSum += hits * (start + 1 + end) / 2.0;
            start = end;
        }

        var lowest = positives.Length * (positives.Length + 1.0) / 2;
        return (rankSum - lowest) / ((double)positives.Length * negatives.Length);
    }

    /// <summary>
    /// <see cref="Auroc(ReadOnlySpan{double}, ReadOnlySpan{double})"/> of scores with a truth flag each.
    /// </summary>
    public static double Auroc(ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive)
    {
        var (negatives, positives) = Split(scores, positive);
        return Auroc(negatives, positives);
    }

    /// <summary>Scores of the negatives and of the positives, in their order.</summary>
    public static (double[] Negatives, double[] Positives) Split(
        ReadOnlySpan<double> scores,
        ReadOnlySpan<bool> positive
    )
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(positive.Length, scores.Length);
        var (negatives, positives) = (new List<double>(), new List<double>());
        for (var i = 0; i < scores.Length; i++)
        {
            (positive[i] ? positives : negatives).Add(scores[i]);
        }

        return ([.. negatives], [.. positives]);
    }

    /// <summary>
    /// The highest true-positive rate that some threshold reaches with at most this false-positive rate.
    /// </summary>
    public double TruePositiveRateAt(double falsePositiveRate)
    {
        var best = 0.0;
        for (var i = 0; i < FalsePositiveRates.Length; i++)
        {
            best = FalsePositiveRates[i] <= falsePositiveRate ? TruePositiveRates[i] : best;
        }

        return best;
    }

    private static (double[] Scores, bool[] Positive) Ranked(
        ReadOnlySpan<double> negatives,
        ReadOnlySpan<double> positives
    )
    {
        if (negatives.IsEmpty || positives.IsEmpty)
        {
            throw new ArgumentException("A ROC curve needs samples of both classes.");
        }

        double[] scores = [.. negatives, .. positives];
        var positive = new bool[scores.Length];
        positive.AsSpan(negatives.Length).Fill(true);
        foreach (var score in scores)
        {
            if (double.IsNaN(score))
            {
                throw new ArgumentException("A score is not a number.");
            }
        }

        Array.Sort(scores, positive);
        return (scores, positive);
    }
}
