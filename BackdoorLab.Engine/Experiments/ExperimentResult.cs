namespace BackdoorLab.Engine.Experiments;

/// <summary>The content of <c>result.json</c>.</summary>
/// <param name="Schema">Version of this form.</param>
/// <param name="Ending">How the run ended.</param>
/// <param name="Error">Why it failed; empty otherwise.</param>
/// <param name="Spec">What was run.</param>
/// <param name="Environment">Versions, processor, threads.</param>
/// <param name="Cells">Every cell with its outcome.</param>
/// <param name="Remarks">Sentences to show beside all numbers.</param>
/// <param name="Seconds">Wall time.</param>
public sealed record ExperimentResult(
    int Schema,
    RunEnding Ending,
    string Error,
    ExperimentSpec Spec,
    IReadOnlyDictionary<string, string> Environment,
    IReadOnlyList<CellResult> Cells,
    IReadOnlyList<string> Remarks,
    double Seconds);
