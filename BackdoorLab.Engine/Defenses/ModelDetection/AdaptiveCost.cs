namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// The weight of the mask's norm while a trigger is reversed, by the rules of Neural Cleanse's reference code: zero
/// until the success rate has held for <c>patience</c> rounds, then doubled after as many rounds of success and divided
/// by 2^1.5 after as many of failure. Also keeps the smallest successful norm and says when nothing moves any more.
/// </summary>
internal sealed class AdaptiveCost(
    double initial,
    double threshold,
    int patience,
    double multiplier,
    int stopPatience,
    double stopRatio = 0.99
)
{
    private readonly double _divisor = Math.Pow(multiplier, 1.5);
    private int _waiting;
    private int _successes;
    private int _failures;
    private int _unmoved;
    private bool _raised;
    private bool _lowered;
    private double _stopNorm = double.PositiveInfinity;

    /// <summary>Current weight of the norm.</summary>
    internal double Cost { get; private set; }

    /// <summary>Smallest norm of a round that reached the threshold; infinite before the first one.</summary>
    internal double BestNorm { get; private set; } = double.PositiveInfinity;

    /// <summary>
    /// The weight has been raised and lowered, and the best norm has not moved for the stop patience: done.
    /// </summary>
    internal bool Converged => _raised && _lowered && _unmoved >= stopPatience;

    /// <summary>Takes the success rate and the norm of a round; true when it is the best so far.</summary>
    internal bool Observe(double success, double norm)
    {
        var reached = success >= threshold;
        var best = reached && norm < BestNorm;
        BestNorm = best ? norm : BestNorm;
        WatchConvergence();
        Establish(reached);
        Adapt(reached);
        return best;
    }

    /// <summary>Counts the stop patience from here on.</summary>
    internal void Resume() => _unmoved = 0;

    private void WatchConvergence()
    {
        if (double.IsFinite(BestNorm))
        {
            _unmoved = BestNorm >= stopRatio * _stopNorm ? _unmoved + 1 : 0;
            _stopNorm = Math.Min(_stopNorm, BestNorm);
        }
    }

    private void Establish(bool reached)
    {
        _waiting = Cost == 0 && reached ? _waiting + 1 : 0;
        if (_waiting >= patience)
        {
            Cost = initial;
            (_successes, _failures, _raised, _lowered) = (0, 0, false, false);
        }
    }

    private void Adapt(bool reached)
    {
        (_successes, _failures) = reached ? (_successes + 1, 0) : (0, _failures + 1);
        if (_successes >= patience)
        {
            _successes = 0;
            Cost *= multiplier;
            _raised = true;
        }
        else if (_failures >= patience)
        {
            _failures = 0;
            Cost /= _divisor;
            _lowered = true;
        }
    }
}
