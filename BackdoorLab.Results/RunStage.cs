namespace BackdoorLab.Results;

/// <summary>A stage of a run as far as it has come.</summary>
/// <param name="Key">Content key; also the folder in the artifact store.</param>
/// <param name="Kind">data, poison, train, convert, defend.</param>
/// <param name="Title">Words: "Neural Cleanse on INT4, backdoored model".</param>
/// <param name="Position">Its place in the plan, from 0.</param>
/// <param name="State">How far it is.</param>
/// <param name="Cached">Whether its result came from the store.</param>
/// <param name="Seconds">Wall time, once it has ended.</param>
/// <param name="EstimatedSeconds">The plan's estimate; null for a stage that was not planned.</param>
/// <param name="Method">Label of the defense; empty for other stages.</param>
public sealed record RunStage(
    string Key,
    string Kind,
    string Title,
    int Position,
    StageState State,
    bool Cached,
    double? Seconds,
    double? EstimatedSeconds,
    string Method = ""
);
