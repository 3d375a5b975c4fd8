using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Defenses;

/// <summary>Samples taken for clean and for poison by how far their features move.</summary>
/// <param name="Distances">Of every sample.</param>
/// <param name="Clean">Those that move least.</param>
/// <param name="Poison">Those that move most, the farthest first.</param>
internal sealed record SampleSplit(float[] Distances, int[] Clean, int[] Poison)
{
    /// <summary>The two ends of the ranking, at least one sample each; equal distances by number.</summary>
    internal static SampleSplit Of(float[] distances, double cleanShare, double poisonShare)
    {
        var ranked = LowestLosses.Take(distances, distances.Length);
        var poison = ranked[^Count(poisonShare, ranked.Length)..];
        Array.Reverse(poison);
        return new(distances, ranked[..Count(cleanShare, ranked.Length)], poison);
    }

    /// <summary>Which samples are taken for poison.</summary>
    internal bool[] Mask => LowestLosses.Mask(Distances.Length, Poison);

    internal IReadOnlyList<Figure> Figures(ImageSet images) =>
        [
            LowestLosses.Histogram("How far features move", "mean squared distance", Distances, Distances[Poison[^1]]),
            LowestLosses.Gallery("Samples that move most", images, Poison),
        ];

    internal string Words(int centred) =>
        $"{Poison.Length} samples taken for poison and {Clean.Length} for clean after {centred} passes of the centre loss.";

    private static int Count(double share, int samples) => Math.Max(1, (int)((decimal)share * samples));
}
