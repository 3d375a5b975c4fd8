namespace BackdoorLab.Engine.Defenses;

/// <summary>The smallest working trigger of a search as its rounds pass, and the weight of the norm that the next round works with.</summary>
internal sealed class SmallestTrigger(AdaptiveCost cost)
{
    private readonly List<double> _norms = [];
    private ReversedTrigger? _best;
    private ReversedTrigger _last = new([], [], 0, 0, false, 0);

    /// <summary>After each round the smallest norm so far.</summary>
    internal IReadOnlyList<double> Norms => _norms;

    /// <summary>Current weight of the norm.</summary>
    internal double Cost => cost.Cost;

    /// <summary>The norm has stopped shrinking.</summary>
    internal bool Converged => cost.Converged;

    /// <summary>The smallest working trigger so far, or the last one tried.</summary>
    internal ReversedTrigger Trigger => _best ?? _last;

    /// <summary>Waits anew for the norm to stop shrinking.</summary>
    internal void Resume() => cost.Resume();

    /// <summary>Takes the trigger that a round measured.</summary>
    internal void Observe(ReversedTrigger measured)
    {
        _last = measured;
        _best = cost.Observe(measured.Success, measured.Norm) ? measured with { Reached = true } : _best;
        _norms.Add(Trigger.Norm);
    }
}
