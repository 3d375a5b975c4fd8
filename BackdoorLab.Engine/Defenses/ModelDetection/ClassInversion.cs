using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// The search for the smallest trigger towards one class, which can be left and taken up again between rounds.
/// </summary>
internal sealed class ClassInversion : IClassSearch
{
    private readonly TriggerInversion _inversion;
    private readonly int _target;
    private readonly Squashed _mask;
    private readonly Squashed _pattern;
    private readonly ImageOrder _order;
    private readonly SmallestTrigger _smallest;
    private readonly Queue<(int Hits, int Seen)> _recent = new();
    private int _updates;

    internal ClassInversion(TriggerInversion inversion, int target)
    {
        (_inversion, _target) = (inversion, target);
        var (images, options) = (inversion.Images, inversion.Options);
        var random = Random(inversion.Run.Seeds, target);
        _mask = new Squashed(images.Height * images.Width, random, options.LearningRate);
        _pattern = new Squashed(images.ImageBytes, random, options.LearningRate);
        _order = new ImageOrder(images.Count, random);
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

    /// <summary>
    /// The stream that decides where the search for a class starts and in which order it sees the images.
    /// </summary>
    internal static Random Random(SeedTree seeds, int target) => seeds.Child("trigger").Child(target).Random();

    /// <inheritdoc/>
    public IReadOnlyList<double> Norms => _smallest.Norms;

    /// <inheritdoc/>
    public bool Converged => _smallest.Converged;

    /// <summary>The smallest working trigger so far, or the last one tried.</summary>
    internal ReversedTrigger Trigger => _smallest.Trigger with { Updates = _updates };

    /// <inheritdoc/>
    public void Resume() => _smallest.Resume();

    /// <inheritdoc/>
    public void Settle() => _smallest.Settle();

    /// <inheritdoc/>
    public void Advance(int batchSize)
    {
        var options = _inversion.Options;
        var measured = _smallest.Trigger;
        for (var update = 0; update < options.UpdatesPerRound; update++)
        {
            if (update == options.UpdatesPerRound - 1)
            {
                // The trigger that this round's last batch measures, before it moves on.
                measured = new ReversedTrigger(_mask.Copy(), _pattern.Copy(), _mask.Sum(), 0, 0, false, 0);
            }

            var indices = _order.Next(batchSize);
            _recent.Enqueue((_inversion.Update(_target, _mask, _pattern, indices, _smallest.Cost), indices.Length));
            _updates++;
        }

        var (success, tried) = RecentSuccess(options.BatchSize * options.UpdatesPerRound);
        _smallest.Observe(measured with { Success = success, Tried = tried });
    }

    /// <summary>
    /// Success rate over the last round's images, as many as a round of full batches has: one round, or several of
    /// small batches, whose success alone would reach the threshold by luck.
    /// </summary>
    private HoldoutSuccess RecentSuccess(int images)
    {
        while (_recent.Sum(batch => batch.Seen) - _recent.Peek().Seen >= images)
        {
            _recent.Dequeue();
        }

        var seen = _recent.Sum(batch => batch.Seen);
        return new((double)_recent.Sum(batch => batch.Hits) / seen, seen);
    }
}
