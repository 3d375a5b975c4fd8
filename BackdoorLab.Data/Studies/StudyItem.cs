using BackdoorLab.Data.Entities;
using BackdoorLab.Data.Runs;

namespace BackdoorLab.Data.Studies;

/// <summary>A study as lists show it.</summary>
public sealed record StudyItem
{
    /// <summary>Id.</summary>
    public required string Id { get; init; }

    /// <summary>Name.</summary>
    public required string Name { get; init; }

    /// <summary>When it was started.</summary>
    public required DateTime Created { get; init; }

    /// <summary>Whether it is in the trash.</summary>
    public required bool Deleted { get; init; }

    /// <summary>Runs outside the trash by state; states that do not occur are absent.</summary>
    public required IReadOnlyDictionary<RunState, int> Runs { get; init; }

    /// <summary>Share of its work done, 0..1, every run counting the same.</summary>
    public required double Fraction { get; init; }

    /// <summary>Runs outside the trash.</summary>
    public int Total => Runs.Values.Sum();

    /// <summary>Runs in one of these states.</summary>
    public int Count(params ReadOnlySpan<RunState> states)
    {
        var count = 0;
        foreach (var state in states)
        {
            count += Runs.GetValueOrDefault(state);
        }

        return count;
    }

    /// <summary>Whether some of its runs wait or run.</summary>
    public bool IsActive => Count(RunState.Queued, RunState.Running, RunState.Cancelling, RunState.Interrupted) > 0;
}

/// <summary>A study with its runs.</summary>
/// <param name="Item">What lists show.</param>
/// <param name="SpecJson">The whole study spec.</param>
/// <param name="Runs">Its runs outside the trash, in the order they were queued in.</param>
public sealed record StudyDetail(StudyItem Item, string SpecJson, IReadOnlyList<StudyRunDetail> Runs);

/// <summary>A run of a study, with what a report needs of it.</summary>
/// <param name="Run">What lists show.</param>
/// <param name="SpecJson">The whole spec.</param>
/// <param name="Stages">How long the stages that have ended took.</param>
/// <param name="Cells">Cells with their numbers; without files.</param>
public sealed record StudyRunDetail(
    RunItem Run,
    string SpecJson,
    IReadOnlyList<StageTime> Stages,
    IReadOnlyList<CellResult> Cells
);
