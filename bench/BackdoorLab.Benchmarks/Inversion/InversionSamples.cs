using System.Text.Json;

namespace BackdoorLab.Benchmarks.Inversion;

/// <summary>What the victim is worth, and where the other side finds it.</summary>
/// <param name="Accuracy">Clean accuracy, 0..1.</param>
/// <param name="AttackSuccess">Attack success rate, 0..1.</param>
/// <param name="File">Weights, images, starting points and batches for the other side.</param>
internal sealed record VictimSample(double Accuracy, double AttackSuccess, string File)
{
    public string ToJson() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);

    public static VictimSample Parse(string json) =>
        JsonSerializer.Deserialize<VictimSample>(json, JsonSerializerOptions.Web)
        ?? throw new FormatException($"Not a sample: {json}");
}

/// <summary>One run of Neural Cleanse, or of a part of its classes; both sides print it as a JSON line.</summary>
/// <param name="Seconds">Wall time of the search, without loading.</param>
/// <param name="ProcessorSeconds">Processor time of the search over all threads, which other processes disturb
/// less.</param>
/// <param name="Norms">L1 norm of the smallest mask of each class that was searched, in pixels.</param>
/// <param name="Reached">Whether that mask works; null where <paramref name="Flagged"/> says all.</param>
/// <param name="Flagged">Classes that the rule flags, ascending; null for a part of the classes.</param>
/// <param name="Index">Anomaly index of the smallest working norm, flagged above 2; null for a part of the
/// classes.</param>
/// <param name="Updates">Optimiser updates spent.</param>
/// <param name="Library">Library and version.</param>
internal sealed record InversionSample(
    double Seconds,
    double ProcessorSeconds,
    double[] Norms,
    bool[]? Reached,
    int[]? Flagged,
    double? Index,
    int Updates,
    string Library
)
{
    /// <summary>The three classes of the smallest norms, smallest first.</summary>
    public int[] Smallest => [.. Enumerable.Range(0, Norms.Length).OrderBy(label => Norms[label]).Take(3)];

    public string ToJson() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);

    public static InversionSample Parse(string json) =>
        JsonSerializer.Deserialize<InversionSample>(json, JsonSerializerOptions.Web)
        ?? throw new FormatException($"Not a sample: {json}");
}
