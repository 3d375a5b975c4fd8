namespace BackdoorLab.Data.Queries;

/// <summary>All waiting runs in four numbers.</summary>
/// <param name="Waiting">Runs that wait.</param>
/// <param name="Held">Of them those of paused studies, which will not start.</param>
/// <param name="Unestimated">Of them those whose time nobody knows.</param>
/// <param name="Seconds">Estimated seconds of the others together.</param>
public sealed record QueueTotals(int Waiting, int Held, int Unestimated, double Seconds);
