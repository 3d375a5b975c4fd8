namespace BackdoorLab.Data.Runs;

/// <summary>A run at one of its attempts: what a job is given.</summary>
/// <param name="Id">Run.</param>
/// <param name="Attempt">Attempt; a claim for another one fails.</param>
public sealed record RunRef(string Id, int Attempt);
