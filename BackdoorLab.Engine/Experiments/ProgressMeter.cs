using System.Diagnostics;

namespace BackdoorLab.Engine.Experiments;

/// <summary>
/// Turns stage estimates into the fraction done and the time left. Estimates of the plan are relative: what the
/// finished part really took rescales the rest, weakly at first. Stages that came from the store leave the account on
/// both sides.
/// </summary>
/// <param name="stages">The plan.</param>
internal sealed class ProgressMeter(IReadOnlyList<PlannedStage> stages)
{
    private const double PriorSeconds = 5;
    private readonly Dictionary<string, double> _left = stages
        .GroupBy(stage => stage.Key)
        .ToDictionary(group => group.Key, group => group.Max(stage => stage.EstimatedSeconds));
    private readonly Stopwatch _stage = new();
    private double _done;
    private double _actual;
    private string _current = "";

    internal void Start(string key)
    {
        _current = key;
        _stage.Restart();
    }

    internal double StageSeconds => _stage.Elapsed.TotalSeconds;

    internal void Finish(bool cached)
    {
        if (_left.Remove(_current, out var estimate) && !cached)
        {
            _done += estimate;
            _actual += _stage.Elapsed.TotalSeconds;
        }
    }

    /// <summary>
    /// Share of the run done and seconds left, when <paramref name="share"/> of the current stage is done.
    /// </summary>
    internal (double Fraction, double EtaSeconds) At(double share)
    {
        var current = _left.GetValueOrDefault(_current);
        var done = _done + current * share;
        var left = _left.Values.Sum() - current * share;
        var pace = (_actual + _stage.Elapsed.TotalSeconds + PriorSeconds) / (done + PriorSeconds);
        return (done + left <= 0 ? 1 : done / (done + left), left * Math.Max(pace, 0.05));
    }
}
