using BackdoorLab.Engine.Models;

namespace BackdoorLab.Engine.Experiments.Origins;

/// <summary>
/// A model of a run and what its making told. The network is in memory since it was made, or comes from the store when
/// first asked for.
/// </summary>
internal sealed class MadeModel : IDisposable
{
    private readonly Func<Classifier> _restore;
    private Classifier? _network;

    /// <summary>A model that was just made.</summary>
    /// <param name="network">In evaluation mode; owned by this object from now on.</param>
    internal MadeModel(Classifier network)
    {
        _network = network;
        _restore = () => network;
    }

    /// <summary>A model that the store holds.</summary>
    /// <param name="restore">Reads it, in evaluation mode.</param>
    internal MadeModel(Func<Classifier> restore) => (_restore, Cached) = (restore, true);

    /// <summary>Whether the store had it.</summary>
    internal bool Cached { get; }

    /// <summary>Wall time of its training, also when it came from the store; null where nothing was trained.</summary>
    internal double? Seconds { get; init; }

    /// <summary>What its making showed that stands beside its numbers.</summary>
    internal IReadOnlyList<string> Remarks { get; init; } = [];

    /// <summary>Training throughput; null where none was measured from beginning to end.</summary>
    internal double? ImagesPerSecond { get; init; }

    /// <summary>Called when the network is no longer used: ends what it needs beside its weights.</summary>
    internal Action? Released { get; init; }

    /// <summary>The float network; owned by this object.</summary>
    internal Classifier Network => _network ??= _restore();

    /// <inheritdoc/>
    public void Dispose()
    {
        _network?.Dispose();
        Released?.Invoke();
    }
}
