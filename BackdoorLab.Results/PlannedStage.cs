namespace BackdoorLab.Results;

/// <summary>A stage of the plan.</summary>
/// <param name="Key">Content key; also the folder in the artifact store.</param>
/// <param name="Kind">data, poison, train, convert, defend.</param>
/// <param name="Title">Words: "Neural Cleanse on INT4, backdoored model".</param>
/// <param name="EstimatedSeconds">Estimate.</param>
/// <param name="Method">Label of the defense; empty for other stages.</param>
public sealed record PlannedStage(string Key, string Kind, string Title, double EstimatedSeconds, string Method = "");
