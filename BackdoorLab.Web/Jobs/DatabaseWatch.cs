using BackdoorLab.Data;

namespace BackdoorLab.Web.Jobs;

/// <summary>The database takes nothing.</summary>
/// <param name="Trouble">Why.</param>
/// <param name="Since">UTC.</param>
public sealed record DatabaseState(DatabaseTrouble Trouble, DateTime Since);

/// <summary>
/// Writes of background work that must not be lost because the database is locked or its disk is full: they are tried
/// again until they go through, and meanwhile every page says why nothing moves.
/// </summary>
public sealed class DatabaseWatch(RunFeed feed, TimeProvider time, ILogger<DatabaseWatch> logger)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private readonly Lock _gate = new();
    private int _waiting;

    /// <summary>Why nothing can be written now, and since when (UTC); null when all is well.</summary>
    public DatabaseState? Now { get; private set; }

    private DateTime UtcNow => time.GetUtcNow().UtcDateTime;

    /// <summary>Writes, again and again while the database is in trouble.</summary>
    /// <param name="write">Does it; may be called many times.</param>
    /// <param name="stopping">Ends the trying; the write is left undone then.</param>
    /// <param name="afterwards">Is told in words what the wait was for, once it is over.</param>
    /// <exception cref="OperationCanceledException">The trouble lasted until the end of the dashboard.</exception>
    public async Task<T> Write<T>(Func<Task<T>> write, CancellationToken stopping, Action<string>? afterwards = null)
    {
        // The database itself waits for half a minute before it gives up.
        var begun = UtcNow;
        DateTime? since = null;
        DatabaseTrouble trouble = default;
        try
        {
            while (true)
            {
                try
                {
                    var result = await write();
                    if (since is { } from)
                    {
                        afterwards?.Invoke(DatabaseWords.Past(trouble, from, UtcNow));
                    }

                    return result;
                }
                catch (Exception error) when (DatabaseTroubles.Of(error) is { } found)
                {
                    if (since is null)
                    {
                        logger.LogWarning(error, "The database cannot be written; it is tried again until it can.");
                    }

                    trouble = found;
                    Begin(new(trouble, begun), since is null);
                    since = begun;
                }

                await Task.Delay(Pause, time, stopping);
            }
        }
        finally
        {
            if (since is not null)
            {
                End();
            }
        }
    }

    private void Begin(DatabaseState state, bool first)
    {
        lock (_gate)
        {
            _waiting += first ? 1 : 0;
            Now = state with { Since = Now?.Since ?? state.Since };
        }

        feed.ChangedMany();
    }

    private void End()
    {
        lock (_gate)
        {
            if (--_waiting == 0)
            {
                Now = null;
            }
        }

        feed.ChangedMany();
    }
}
