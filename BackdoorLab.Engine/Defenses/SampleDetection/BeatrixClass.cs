namespace BackdoorLab.Engine.Defenses;

/// <summary>What Beatrix found of one predicted class.</summary>
/// <param name="Label">The class.</param>
/// <param name="CleanImages">Clean images that set its bands.</param>
/// <param name="Threshold">Deviation above which an image is flagged.</param>
/// <param name="Deviations">Deviations of its training images.</param>
/// <param name="Discrepancy">Its statistic.</param>
internal sealed record BeatrixClass(
    int Label,
    int CleanImages,
    double Threshold,
    double[] Deviations,
    double Discrepancy
)
{
    /// <summary>Share of its training images that is flagged.</summary>
    internal double FlaggedShare => (double)Deviations.Count(value => value > Threshold) / Deviations.Length;
}
