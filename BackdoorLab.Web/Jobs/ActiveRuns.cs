using System.Collections.Concurrent;

namespace BackdoorLab.Web.Jobs;

/// <summary>
/// Runs whose worker is a child of this process, so that a request to cancel reaches it without waiting for its next
/// look at the database.
/// </summary>
public sealed class ActiveRuns
{
    private readonly ConcurrentDictionary<string, CancellationTokenSource> _cancels = new();

    /// <summary>Ids of the runs.</summary>
    public IReadOnlyCollection<string> Ids => [.. _cancels.Keys];

    /// <summary>Registers a run; the token fires when its user cancels.</summary>
    public CancellationToken Begin(string runId)
    {
        var source = new CancellationTokenSource();
        _cancels[runId] = source;
        return source.Token;
    }

    /// <summary>Removes it.</summary>
    public void End(string runId)
    {
        if (_cancels.TryRemove(runId, out var source))
        {
            source.Dispose();
        }
    }

    /// <summary>Tells a run's supervisor that its user cancels; does nothing when it is not running here.</summary>
    public void Cancel(string runId)
    {
        try
        {
            _cancels.GetValueOrDefault(runId)?.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended at this moment.
        }
    }
}
