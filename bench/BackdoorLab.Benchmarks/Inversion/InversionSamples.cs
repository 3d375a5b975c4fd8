using System.Text.Json;

namespace BackdoorLab.Benchmarks.Inversion;

/// <summary>What the victim is worth, and how well the other side must agree with it.</summary>
/// <param name="Accuracy">Clean accuracy, 0..1.</param>
/// <param name="AttackSuccess">Attack success rate, 0..1.</param>
/// <param name="File">Weights, images, starting points and batches for the other side.</param>
internal sealed record VictimSample(double Accuracy, double AttackSuccess, string File)
{
    public string ToJson() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);

    public static VictimSample Parse(string json) =>
        JsonSerializer.Deserialize<VictimSample>(json, JsonSerializerOptions.Web) ?? throw new FormatException($"Not a sample: {json}");
}

/// <summary>One run of Neural Cleanse, or of a part of its classes; both sides print it as a JSON line.</summary>
/// <param name="Seconds">Of the search, without loading.</param>
/// <param name="Norms">L1 norm of the smallest mask of each class that was searched, in pixels.</param>
/// <param name="Flagged">Classes that the rule flags, ascending; null when not all classes were searched.</param>
/// <param name="Updates">Optimiser updates spent.</param>
/// <param name="Library">Library and version.</param>
internal sealed record InversionSample(double Seconds, double[] Norms, int[]? Flagged, int Updates, string Library)
{
    public string ToJson() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);

    public static InversionSample Parse(string json) =>
        JsonSerializer.Deserialize<InversionSample>(json, JsonSerializerOptions.Web) ?? throw new FormatException($"Not a sample: {json}");
}
