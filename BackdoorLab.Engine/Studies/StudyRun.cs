using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Engine.Studies;

/// <summary>An experiment of a study with what is known of it so far.</summary>
/// <param name="Spec">What was planned.</param>
/// <param name="Cells">Cells that have an outcome; those that are missing count as not run.</param>
/// <param name="Stages">Stages that ended, with their times.</param>
/// <param name="Id">Where to find the run, or empty.</param>
public sealed record StudyRun(
    ExperimentSpec Spec,
    IReadOnlyList<CellResult> Cells,
    IReadOnlyList<StageTime> Stages,
    string Id = ""
);
