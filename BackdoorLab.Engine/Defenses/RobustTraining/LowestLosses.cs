using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Defenses;

/// <summary>Samples by their scores, and pictures of them.</summary>
internal static class LowestLosses
{
    private const int Bins = 40;
    private const int Shown = 12;

    /// <summary>The <paramref name="count"/> samples with the lowest scores; equal ones by number.</summary>
    internal static int[] Take(IReadOnlyList<float> scores, int count) =>
        [.. Enumerable.Range(0, scores.Count).OrderBy(i => scores[i]).ThenBy(i => i).Take(count)];

    /// <summary>Which of so many samples are among <paramref name="indices"/>.</summary>
    internal static bool[] Mask(int samples, IEnumerable<int> indices)
    {
        var mask = new bool[samples];
        foreach (var index in indices)
        {
            mask[index] = true;
        }

        return mask;
    }

    /// <summary>The samples that <paramref name="mask"/> leaves out.</summary>
    internal static int[] Others(bool[] mask) => [.. Enumerable.Range(0, mask.Length).Where(i => !mask[i])];

    /// <summary>How the scores are spread; the cut is a line.</summary>
    internal static HistogramFigure Histogram(string title, string name, IReadOnlyList<float> scores, double cut)
    {
        var (low, high) = (scores.Min(), Math.Max(scores.Max(), scores.Min() + 1e-6f));
        var counts = new double[Bins];
        foreach (var score in scores)
        {
            counts[Math.Min(Bins - 1, (int)(Bins * (score - low) / (high - low)))]++;
        }

        double[] edges = [.. Enumerable.Range(0, Bins + 1).Select(edge => low + (high - low) * edge / (double)Bins)];
        return new(title, name, [new("samples", edges, counts)], cut);
    }

    /// <summary>The first of the samples as they were received, under their given labels.</summary>
    internal static ImageFigure Gallery(string title, ImageSet images, IReadOnlyList<int> indices) =>
        new(
            title,
            [.. indices.Take(Shown).Select(i => images.Picture(images.ClassNames[images.Labels[i]], images.Image(i)))]
        )
        {
            Note = "Captions are the labels as received.",
        };
}
