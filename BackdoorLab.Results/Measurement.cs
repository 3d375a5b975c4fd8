namespace BackdoorLab.Results;

/// <summary>One number of a cell.</summary>
/// <param name="Metric">
/// Id of a metric: <c>clean-accuracy</c>, <c>attack-success-rate</c>, <c>detection-rate</c>, ...
/// </param>
/// <param name="Value">Finite. Shares are 0..1, never percent.</param>
/// <param name="Count">Number of images or models behind a share, or null.</param>
/// <param name="Low">Lower end of the 95 % interval (Clopper-Pearson for shares), or null.</param>
/// <param name="High">Upper end, or null.</param>
public sealed record Measurement(
    string Metric,
    double Value,
    int? Count = null,
    double? Low = null,
    double? High = null
);
