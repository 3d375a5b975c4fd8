using System.Text.Json;

namespace BackdoorLab.Benchmarks.Federated;

/// <summary>
/// What one child process measured of some rounds of one federation; both sides print it as a JSON line.
/// </summary>
/// <param name="Seconds">Wall time of each round.</param>
/// <param name="ProcessorSeconds">Processor time of each round, all threads.</param>
/// <param name="Parameters">Trained parameters.</param>
/// <param name="Library">Whose side.</param>
/// <param name="Masks">Of each round, the seconds of work on masks; ours alone.</param>
/// <param name="Screening">Of each round, the seconds of the pass that screens gradients; ours alone.</param>
/// <param name="PeakMegabytes">Largest resident memory of the process, 2^20 bytes; ours alone.</param>
internal sealed record FederationSample(
    double[] Seconds,
    double[] ProcessorSeconds,
    long Parameters,
    string Library,
    double[]? Masks = null,
    double[]? Screening = null,
    double PeakMegabytes = 0
)
{
    public string ToJson() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);

    public static FederationSample Parse(string json) =>
        JsonSerializer.Deserialize<FederationSample>(json, JsonSerializerOptions.Web)
        ?? throw new FormatException($"Not a sample: {json}");
}
