namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// The smallest working trigger of a search as its rounds pass, and the weight of the norm that the next round works
/// with. A trigger is kept by its success on the whole holdout alone; a round's own batches only say which are worth
/// trying there.
/// </summary>
/// <param name="cost">The rule of the weight.</param>
/// <param name="threshold">Success rate that a trigger must have, 0..1.</param>
/// <param name="holdout">Tries a trigger on the whole clean holdout.</param>
internal sealed class SmallestTrigger(
    AdaptiveCost cost,
    double threshold,
    Func<ReversedTrigger, HoldoutSuccess> holdout
)
{
    // While the mask shrinks from round to round the next one is better anyway: trying each would cost more than the
    // search.
    private const double Step = 0.9;

    private readonly List<double> _norms = [];
    private ReversedTrigger? _kept;
    private ReversedTrigger? _untried;
    private ReversedTrigger _last = new([], [], 0, 0, 0, false, 0);

    /// <summary>After each round the smallest norm so far.</summary>
    internal IReadOnlyList<double> Norms => _norms;

    /// <summary>Current weight of the norm.</summary>
    internal double Cost => cost.Cost;

    /// <summary>The norm has stopped shrinking.</summary>
    internal bool Converged => cost.Converged;

    /// <summary>The smallest working trigger so far, or the last one tried.</summary>
    internal ReversedTrigger Trigger => _kept ?? _last;

    private double KeptNorm => _kept?.Norm ?? double.PositiveInfinity;

    /// <summary>Waits anew for the norm to stop shrinking.</summary>
    internal void Resume() => cost.Resume();

    /// <summary>
    /// Takes the trigger that a round measured on its batches. One that works there with a mask a tenth smaller than
    /// the kept one's is tried on the whole holdout, and that success is the round's, for the weight of the norm too.
    /// </summary>
    internal void Observe(ReversedTrigger measured)
    {
        if (measured.Success >= threshold && measured.Norm < Step * KeptNorm)
        {
            measured = Try(measured);
        }
        else if (measured.Success >= threshold && measured.Norm < (_untried?.Norm ?? KeptNorm))
        {
            _untried = measured;
        }

        _last = measured;
        cost.Observe(measured.Success, measured.Norm);
        _norms.Add(Trigger.Norm);
    }

    /// <summary>
    /// At the end of a part of the search: tries the smallest trigger that was hardly smaller than the kept one.
    /// </summary>
    internal void Settle()
    {
        if (_untried is { } trigger && trigger.Norm < KeptNorm)
        {
            Try(trigger);
            _norms[^1] = Trigger.Norm;
        }

        _untried = null;
    }

    private ReversedTrigger Try(ReversedTrigger trigger)
    {
        var (success, tried) = holdout(trigger);
        trigger = trigger with { Success = success, Tried = tried, Reached = success >= threshold };
        _kept = trigger.Reached ? trigger : _kept;
        return trigger;
    }
}
