using System.Text.Json;

namespace BackdoorLab.Benchmarks.Victims;

/// <summary>Where a training stood after an epoch.</summary>
/// <param name="Epoch">Epochs done.</param>
/// <param name="Seconds">Seconds of training so far, without the measuring between epochs.</param>
/// <param name="Accuracy">Share of clean test images that are classified right, in one pass.</param>
/// <param name="SuccessRate">Share of triggered test images of other classes that are classified as the target.</param>
internal sealed record VictimEpoch(int Epoch, double Seconds, double Accuracy, double SuccessRate);

/// <summary>One training of either side; both print it as a JSON line.</summary>
/// <param name="ImagesPerSecond">Training images per second of training.</param>
/// <param name="Parameters">Parameters of the network.</param>
/// <param name="Library">What trained it.</param>
/// <param name="Epochs">After every epoch.</param>
internal sealed record VictimSample(
    double ImagesPerSecond,
    long Parameters,
    string Library,
    IReadOnlyList<VictimEpoch> Epochs
)
{
    public string ToJson() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);

    public static VictimSample Parse(string json) =>
        JsonSerializer.Deserialize<VictimSample>(json, JsonSerializerOptions.Web)
        ?? throw new FormatException($"Not a sample: {json}");

    /// <summary>
    /// Seconds of training until an accuracy was first reached at the end of an epoch; NaN where it never was.
    /// </summary>
    public double SecondsTo(double accuracy) =>
        Epochs.FirstOrDefault(epoch => epoch.Accuracy >= accuracy)?.Seconds ?? double.NaN;
}
