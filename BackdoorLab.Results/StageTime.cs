namespace BackdoorLab.Results;

/// <summary>How long a stage took.</summary>
/// <param name="Key">Its content key: runs that share a stage name the same one.</param>
/// <param name="Kind">poison, train, convert, defend.</param>
/// <param name="Method">Label of the defense; empty for other stages.</param>
/// <param name="Seconds">Wall time of computing it, also where it came from the store.</param>
public sealed record StageTime(string Key, string Kind, string Method, double Seconds);
