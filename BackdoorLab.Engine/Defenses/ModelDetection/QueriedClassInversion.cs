namespace BackdoorLab.Engine.Defenses;

/// <summary>The search for the smallest trigger towards one class by queries alone.</summary>
internal sealed class QueriedClassInversion : IClassSearch
{
    // Estimated slopes are noisy: the mean reaches further back than where gradients are exact.
    private const double Beta1 = 0.9;
    private const double Beta2 = 0.99;

    private readonly QueriedInversion _inversion;
    private readonly int _target;
    private readonly Random _random;
    private readonly Squashed _cells;
    private readonly ImageOrder _order;
    private readonly SmallestTrigger _smallest;

    internal QueriedClassInversion(QueriedInversion inversion, int target)
    {
        (_inversion, _target) = (inversion, target);
        var options = inversion.Options;
        _random = inversion.Run.Seeds.Child("trigger").Child(target).Random();
        _cells = new Squashed(inversion.Grid.Count, _random, options.LearningRate, Beta1, Beta2);
        _order = new ImageOrder(inversion.Images.Count, _random);
        _smallest = new(
            new AdaptiveCost(
                options.InitialCost,
                options.SuccessThreshold,
                options.Patience,
                options.CostMultiplier,
                options.StopPatience
            ),
            options.SuccessThreshold,
            trigger => inversion.Try(target, trigger)
        );
    }

    /// <inheritdoc/>
    public IReadOnlyList<double> Norms => _smallest.Norms;

    /// <inheritdoc/>
    public bool Converged => _smallest.Converged;

    /// <summary>The smallest working trigger so far, or the last one tried.</summary>
    internal ReversedTrigger Trigger => _smallest.Trigger;

    /// <inheritdoc/>
    public void Resume() => _smallest.Resume();

    /// <inheritdoc/>
    public void Settle() => _smallest.Settle();

    /// <inheritdoc/>
    public void Advance(int batchSize)
    {
        var measured = _cells.Copy();
        var success = _inversion.Update(_target, _cells, _order, _random, _smallest.Cost);
        _smallest.Observe(_inversion.Grid.Trigger(measured, success, _inversion.Options.BatchSize, Norms.Count + 1));
    }
}
