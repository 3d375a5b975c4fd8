using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Experiments;

/// <summary>The content of <c>result.json</c>.</summary>
/// <param name="Schema">Version of this form.</param>
/// <param name="Ending">How the run ended.</param>
/// <param name="Error">Why it failed; empty otherwise.</param>
/// <param name="Spec">What was run.</param>
/// <param name="Environment">Versions, processor, threads.</param>
/// <param name="Cells">Every cell with its outcome.</param>
/// <param name="Stages">Every stage that ended, with its time.</param>
/// <param name="Remarks">Sentences to show beside all numbers.</param>
/// <param name="Seconds">Wall time.</param>
public sealed record ExperimentResult(
    int Schema,
    RunEnding Ending,
    string Error,
    ExperimentSpec Spec,
    IReadOnlyDictionary<string, string> Environment,
    IReadOnlyList<CellResult> Cells,
    IReadOnlyList<StageTime> Stages,
    IReadOnlyList<string> Remarks,
    double Seconds
)
{
    /// <summary>The data by content; null when it could not be loaded.</summary>
    public DataFacts? Data { get; init; }

    /// <summary>How much of the training set is poisoned, beside what was asked; null where nothing is.</summary>
    public AchievedPoison? Poison { get; init; }

    /// <summary>
    /// Faults of the spec that only its data showed; the run ended with them before it computed anything.
    /// </summary>
    public IReadOnlyList<SpecFault> Faults { get; init; } = [];

    /// <summary>What became of each victim; those that are not sound belong in no mean.</summary>
    public IReadOnlyList<VictimOutcome> Victims { get; init; } = [];
}
