using System.Collections.Concurrent;

namespace BackdoorLab.Web.Jobs;

/// <summary>
/// Reads for many screens what they all show: thirty pages that hear of one change share one reading of the database. A
/// reading serves whoever asks while the feed has told nothing new, and never longer than <see cref="Longest"/>, for
/// changes that nobody told.
/// </summary>
public sealed class SharedReadings(RunFeed feed, TimeProvider time)
{
    /// <summary>How old a shared reading may be.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<(string What, string? RunId), Reading> _readings = new();

    /// <summary>
    /// A reading of one run, or of all where <paramref name="runId"/> is null. The result is shared: do not change it.
    /// </summary>
    /// <param name="what">Name of the reading; always of one type.</param>
    /// <param name="runId">Run whose changes make a reading old.</param>
    /// <param name="read">Reads; not cancelled when one of those who wait leaves.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public Task<T> Get<T>(string what, string? runId, Func<Task<T>> read, CancellationToken cancellation = default)
    {
        // The version is taken before reading: news that come while reading make the next one read again.
        var (version, now) = (feed.Version(runId), time.GetTimestamp());
        var reading = _readings.AddOrUpdate((what, runId), _ => New(), (_, old) => IsFresh(old) ? old : New());
        foreach (var (key, old) in _readings)
        {
            if (!IsRecent(old))
            {
                _readings.TryRemove(KeyValuePair.Create(key, old));
            }
        }

        return ((Lazy<Task<T>>)reading.Result).Value.WaitAsync(cancellation);

        Reading New() => new(version, now, new Lazy<Task<T>>(async () => await read()));
        bool IsFresh(Reading old) =>
            old.Version == version && IsRecent(old) && !((Lazy<Task<T>>)old.Result).Value.IsFaulted;
        bool IsRecent(Reading old) => time.GetElapsedTime(old.Since) < Longest;
    }

    private sealed record Reading(long Version, long Since, object Result);
}
