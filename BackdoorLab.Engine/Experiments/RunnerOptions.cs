namespace BackdoorLab.Engine.Experiments;

/// <summary>Where and how a run is executed; nothing here but <see cref="Threads"/> influences its numbers.</summary>
/// <param name="DataRoot">Folder that holds the data sets.</param>
/// <param name="StoreFolder">Folder of the <see cref="ArtifactStore"/>.</param>
/// <param name="Threads">Kernel threads.</param>
public sealed record RunnerOptions(string DataRoot, string StoreFolder, int Threads);
