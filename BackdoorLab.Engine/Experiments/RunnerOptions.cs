using BackdoorLab.Engine.Programs;

namespace BackdoorLab.Engine.Experiments;

/// <summary>Where and how a run is executed; nothing here but <see cref="Threads"/> influences its numbers.</summary>
/// <param name="DataRoot">Folder that holds the data sets.</param>
/// <param name="StoreFolder">Folder of the <see cref="ArtifactStore"/>.</param>
/// <param name="Threads">Kernel threads.</param>
public sealed record RunnerOptions(string DataRoot, string StoreFolder, int Threads)
{
    /// <summary>
    /// Folder of the model files that specs may name (<see cref="ExperimentSpec.Suspect"/>), by content or by name; or
    /// the one file itself.
    /// </summary>
    public string ModelFolder { get; init; } = "";

    /// <summary>
    /// Starts the processes that programs of files are run in (<see cref="FileProgram"/>); null where none are run.
    /// </summary>
    public IProgramLauncher? Programs { get; init; }

    /// <summary>Stamps the events; no number and no key hangs on it.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
