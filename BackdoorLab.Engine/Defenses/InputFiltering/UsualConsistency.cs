namespace BackdoorLab.Engine.Defenses;

/// <summary>Mean and standard deviation of a score over clean images, by predicted class.</summary>
internal sealed class UsualConsistency
{
    // Half a step of a share of five copies: classes whose clean images all score alike have no deviation of their own.
    private const double LeastDeviation = 0.1;

    private readonly (double Mean, double Deviation)[] _classes;

    private UsualConsistency((double Mean, double Deviation)[] classes) => _classes = classes;

    /// <summary>Of clean images; a class with fewer than two takes the values of all.</summary>
    internal static UsualConsistency Of(int[] labels, double[] scores, int classes)
    {
        var all = Moments(scores);
        return new([
            .. Enumerable
                .Range(0, classes)
                .Select(label =>
                {
                    double[] mine = [.. scores.Where((_, i) => labels[i] == label)];
                    return mine.Length < 2 ? all : Moments(mine);
                }),
        ]);
    }

    /// <summary>Standard deviations by which a score is above what is usual in its class.</summary>
    internal double Of(int label, double score) => (score - _classes[label].Mean) / _classes[label].Deviation;

    private static (double Mean, double Deviation) Moments(double[] scores)
    {
        var mean = scores.Average();
        var squares = scores.Sum(score => (score - mean) * (score - mean));
        return (mean, Math.Max(LeastDeviation, scores.Length < 2 ? 0 : Math.Sqrt(squares / (scores.Length - 1))));
    }
}
