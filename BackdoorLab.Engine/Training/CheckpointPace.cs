using System.Diagnostics;

namespace BackdoorLab.Engine.Training;

/// <summary>
/// When a training keeps its state again: after fifty times what the last writing took, so that a fiftieth of the time
/// goes there, and no later than a limit. A small network loses a second to a lost process that way, a large one half a
/// minute.
/// </summary>
/// <param name="mostSeconds">Seconds between two writings at most; 0 writes at every chance.</param>
internal sealed class CheckpointPace(double mostSeconds)
{
    private const int Pause = 50;

    private readonly Stopwatch _since = Stopwatch.StartNew();
    private double _pause;

    /// <summary>Whether the time has come.</summary>
    internal bool IsDue => _since.Elapsed.TotalSeconds >= _pause;

    /// <summary>Writes, and takes the time of it.</summary>
    internal void Write(Action save)
    {
        _since.Restart();
        save();
        _pause = Math.Min(mostSeconds, Pause * _since.Elapsed.TotalSeconds);
        _since.Restart();
    }
}
