namespace BackdoorLab.Engine.Datasets;

/// <summary>A loaded data set.</summary>
/// <param name="Train">Training images.</param>
/// <param name="Test">Test images, disjoint from training.</param>
/// <param name="Normalization">Per-channel mean and standard deviation of pixels in [0,1]; applied inside the
/// model.</param>
/// <param name="FlipAllowed">Whether a horizontal flip keeps the label (false for digits and traffic signs).</param>
public sealed record DatasetSplits(ImageSet Train, ImageSet Test, Normalization Normalization, bool FlipAllowed)
{
    /// <summary>
    /// Sentences to show wherever numbers of this data appear ("subset: 6,032 of 39,209 training images"); empty for a
    /// full set.
    /// </summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    /// <summary>
    /// Identity of what the images were drawn from, where the seeds that a source loads with decide which images these
    /// are (a subset, a split); empty where they decide nothing.
    /// </summary>
    public string DrawnFrom { get; init; } = "";
}

/// <summary>Per-channel normalisation of pixels in [0,1]: (x - Mean) / StandardDeviation.</summary>
public sealed record Normalization(float[] Mean, float[] StandardDeviation)
{
    /// <summary>The one that changes nothing.</summary>
    public static Normalization Identity(int channels) =>
        new(new float[channels], [.. Enumerable.Repeat(1f, channels)]);
}
