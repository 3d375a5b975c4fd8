using BackdoorLab.Data.Entities;

namespace BackdoorLab.Data.Runs;

/// <summary>A run that had lost its worker.</summary>
/// <param name="Id">Run.</param>
/// <param name="State">
/// Its state now: <see cref="RunState.Interrupted"/>, or <see cref="RunState.Cancelled"/> when its user had asked for
/// that.
/// </param>
public sealed record RecoveredRun(string Id, RunState State);
