using System.Text.Json;

namespace BackdoorLab.Benchmarks;

/// <summary>
/// What one child process measured for one net in one arithmetic; both sides print it as a JSON line.
/// </summary>
internal sealed record Sample(
    double TrainImagesPerSecond,
    double ForwardImagesPerSecond,
    long Parameters,
    string Library
)
{
    public string ToJson() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);

    public static Sample Parse(string json) =>
        JsonSerializer.Deserialize<Sample>(json, JsonSerializerOptions.Web)
        ?? throw new FormatException($"Not a sample: {json}");
}

/// <summary>Share of the data pipeline in a training step.</summary>
internal sealed record PipelineSample(double StepMilliseconds, double PipelineMilliseconds, bool BFloat16)
{
    public string ToJson() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);

    public static PipelineSample Parse(string json) =>
        JsonSerializer.Deserialize<PipelineSample>(json, JsonSerializerOptions.Web)
        ?? throw new FormatException($"Not a sample: {json}");
}

/// <summary>Resident memory after an early and a late step of one training.</summary>
internal sealed record MemorySample(int EarlyStep, double EarlyMegabytes, int LateStep, double LateMegabytes)
{
    public string ToJson() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);

    public static MemorySample Parse(string json) =>
        JsonSerializer.Deserialize<MemorySample>(json, JsonSerializerOptions.Web)
        ?? throw new FormatException($"Not a sample: {json}");
}

/// <summary>Forward images per second of one net at three precisions, in turns within one process.</summary>
internal sealed record PrecisionSample(double Float32, double BFloat16, double Int8Static)
{
    public string ToJson() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);

    public static PrecisionSample Parse(string json) =>
        JsonSerializer.Deserialize<PrecisionSample>(json, JsonSerializerOptions.Web)
        ?? throw new FormatException($"Not a sample: {json}");
}
