using BackdoorLab.Data.Conditions;
using BackdoorLab.Data.Runs;

namespace BackdoorLab.Data.Queries;

/// <summary>Runs side by side.</summary>
/// <param name="Runs">In the order asked for.</param>
/// <param name="Missing">Ids of which there is no run.</param>
public sealed record Comparison(IReadOnlyList<ComparedRun> Runs, IReadOnlyList<string> Missing);

/// <summary>A run as a comparison needs it.</summary>
/// <param name="Run">What lists show; also from the trash.</param>
/// <param name="SpecJson">The whole spec.</param>
/// <param name="Cells">Cells with their numbers, ordered by victim, precision, defense.</param>
/// <param name="Curve">Training curves, by victim and epoch.</param>
/// <param name="Images">Pictures of the run as a whole, in the order in which they were saved.</param>
public sealed record ComparedRun(
    RunItem Run,
    string SpecJson,
    IReadOnlyList<CellResult> Cells,
    IReadOnlyList<TrainingPoint> Curve,
    IReadOnlyList<ArtifactReference> Images
)
{
    /// <summary>The data by content; null before the run has loaded it, and in runs of older programs.</summary>
    public DataContent? Data { get; init; }
}
