using BackdoorLab.Data.Entities;

namespace BackdoorLab.Data.Runs;

/// <summary>The end of an epoch. Numbers that are not finite are stored as null.</summary>
/// <param name="Victim">Which model.</param>
/// <param name="Epoch">From 1.</param>
/// <param name="Epochs">Epochs in all.</param>
/// <param name="Loss">Mean training loss.</param>
/// <param name="CleanAccuracy">0..1.</param>
/// <param name="AttackSuccessRate">0..1.</param>
public sealed record CurveRow(
    Victim Victim, int Epoch, int Epochs, double? Loss, double? CleanAccuracy, double? AttackSuccessRate);

/// <summary>A stage of a run.</summary>
/// <param name="Key">Content key.</param>
/// <param name="Kind">data, poison, train, convert, defend.</param>
/// <param name="Title">Words.</param>
/// <param name="Position">From 0.</param>
/// <param name="State">State.</param>
/// <param name="Cached">Whether its result came from the store.</param>
/// <param name="Seconds">Wall time, once it has ended.</param>
/// <param name="EstimatedSeconds">Estimate.</param>
/// <param name="Method">Label of the defense; empty for other stages.</param>
public sealed record StageRow(
    string Key,
    string Kind,
    string Title,
    int Position,
    StageState State,
    bool Cached,
    double? Seconds,
    double? EstimatedSeconds,
    string Method = "");

/// <summary>A line of a run's log.</summary>
/// <param name="Sequence">From 1, without gaps, across attempts.</param>
/// <param name="At">UTC.</param>
/// <param name="Level">info, warning, error.</param>
/// <param name="Text">Text.</param>
public sealed record LogRow(long Sequence, DateTime At, string Level, string Text);
