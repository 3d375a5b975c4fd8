using BackdoorLab.Engine.Statistics;

namespace BackdoorLab.Engine.Evaluation;

/// <summary>Pictures of scores and samples coloured with the ground truth.</summary>
public static class ScoreFigures
{
    private const int DefaultBins = 40;

    /// <summary>
    /// Histograms of named groups over common bins between the lowest and the highest finite score, or null when
    /// there is none. Heights are shares of the group, so that a small group is seen beside a large one.
    /// </summary>
    public static HistogramFigure? Histogram(
        string title,
        string scoreName,
        IReadOnlyList<(string Name, double[] Scores)> groups,
        double? threshold = null,
        int bins = DefaultBins
    )
    {
        double[] finite = [.. groups.SelectMany(group => group.Scores).Where(double.IsFinite)];
        if (finite.Length == 0)
        {
            return null;
        }

        var (low, high) = (finite.Min(), finite.Max());
        if (low == high)
        {
            // A constant score still needs bins of some width that its size can resolve.
            var margin = Math.Max(Math.Abs(low) * 1e-3, 0.5);
            (low, high) = (low - margin, high + margin);
        }

        var edges = new double[bins + 1];
        for (var i = 0; i <= bins; i++)
        {
            edges[i] = i == bins ? high : low + (high - low) * i / bins;
        }

        var histograms = groups
            .Where(group => group.Scores.Any(double.IsFinite))
            .Select(group => new Histogram(group.Name, edges, Shares(group.Scores, low, high, bins)));
        double? line = threshold is { } cut && double.IsFinite(cut) ? cut : null;
        return new HistogramFigure(title, scoreName, [.. histograms], line)
        {
            Note = "Heights are shares of each group, so that a small group is seen beside a large one.",
        };
    }

    /// <summary>
    /// Points of a plane, clean and poisoned apart, at most <paramref name="limit"/> in all; or null when no point is
    /// finite. When they must be thinned, poisoned samples keep up to half of the places, however few they are among
    /// all.
    /// </summary>
    public static ScatterFigure? Scatter(
        string title,
        (float X, float Y)[] plane,
        bool[]? poisoned,
        Random random,
        int limit = 2000
    )
    {
        int[] drawn = [.. Enumerable.Range(0, plane.Length).Where(i => float.IsFinite(plane[i].X + plane[i].Y))];
        if (drawn.Length == 0)
        {
            return null;
        }

        int[] bad = poisoned is null ? [] : [.. drawn.Where(i => poisoned[i])];
        int[] good = poisoned is null ? drawn : [.. drawn.Where(i => !poisoned[i])];
        var badPlaces = Math.Min(bad.Length, Math.Max(limit / 2, limit - good.Length));
        Series[] series =
        [
            Points("clean", plane, Thin(good, limit - badPlaces, random)),
            Points("poisoned", plane, Thin(bad, badPlaces, random)),
        ];
        var note =
            drawn.Length > limit
                ? $"{limit} of {drawn.Length} samples are drawn; poisoned ones are drawn more often."
                : "";
        Series[] filled = [.. series.Where(points => points.X.Length > 0)];
        return new ScatterFigure(title, "first component", "second component", filled) { Note = note };
    }

    private static double[] Shares(double[] scores, double low, double high, int bins)
    {
        var counts = new double[bins];
        var total = 0;
        foreach (var score in scores)
        {
            if (double.IsFinite(score))
            {
                counts[Math.Clamp((int)((score - low) / (high - low) * bins), 0, bins - 1)]++;
                total++;
            }
        }

        return [.. counts.Select(count => count / total)];
    }

    private static int[] Thin(int[] indices, int limit, Random random) =>
        [.. Sampling.Choose(indices.Length, limit, random).Select(position => indices[position])];

    private static Series Points(string name, (float X, float Y)[] plane, int[] indices) =>
        new(name, [.. indices.Select(i => (double)plane[i].X)], [.. indices.Select(i => (double)plane[i].Y)]);
}
