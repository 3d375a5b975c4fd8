using BackdoorLab.Data.Entities;

namespace BackdoorLab.Data.Runs;

/// <summary>How a run ended.</summary>
/// <param name="State">Succeeded, Failed, Cancelled or Interrupted.</param>
/// <param name="Error">What went wrong, for people; empty otherwise.</param>
public sealed record RunEnd(RunState State, string Error = "")
{
    /// <summary>Sentences to show beside all numbers of the run; null keeps what is there.</summary>
    public IReadOnlyList<string>? Remarks { get; init; }

    /// <summary>
    /// True for a stop that was nobody's failure (the program is being shut down): the interruption costs the run no
    /// attempt.
    /// </summary>
    public bool CostsNoAttempt { get; init; }
}
