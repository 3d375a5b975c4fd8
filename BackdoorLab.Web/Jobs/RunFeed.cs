using System.Collections.Concurrent;

namespace BackdoorLab.Web.Jobs;

/// <summary>
/// Tells screens that a run changed. It says only <em>that</em>, they ask the database <em>what</em>; the exception is
/// progress, whose last value is kept here because it changes faster than it is stored.
/// </summary>
public sealed class RunFeed(TimeProvider time, ILogger<RunFeed> logger)
{
    private static readonly TimeSpan DefaultInterval = TimeSpan.FromMilliseconds(250);
    private readonly ConcurrentDictionary<string, LiveProgress> _progress = new();
    private readonly ConcurrentDictionary<string, long> _versions = new();
    private readonly TimeProvider _time = time;
    private readonly ILogger<RunFeed> _logger = logger;
    private readonly Lock _gate = new();
    private volatile Subscription[] _subscriptions = [];
    private long _ofAll;
    private long _ofMany;
    private long _ofStates;

    /// <summary>
    /// Calls <paramref name="changed"/> soon after this run changed, and never more often than once per interval.
    /// </summary>
    /// <param name="runId">Run.</param>
    /// <param name="changed">Runs outside the caller's dispatcher; one call at a time.</param>
    /// <param name="interval">Least time between two calls; 250 ms when null.</param>
    /// <returns>Ends the subscription when disposed.</returns>
    public IDisposable Subscribe(string runId, Func<Task> changed, TimeSpan? interval = null) =>
        Add(runId, changed, interval);

    /// <summary>The same for every run.</summary>
    public IDisposable SubscribeAll(Func<Task> changed, TimeSpan? interval = null) => Add(null, changed, interval);

    /// <summary>Latest progress of a running run, or null.</summary>
    public LiveProgress? Progress(string runId) => _progress.GetValueOrDefault(runId);

    /// <summary>
    /// Grows with every change of a run's rows, or of any run's where <paramref name="runId"/> is null. Progress does
    /// not count.
    /// </summary>
    public long Version(string? runId) =>
        runId is null ? Volatile.Read(ref _ofAll) : _versions.GetValueOrDefault(runId) + Volatile.Read(ref _ofMany);

    /// <summary>
    /// Grows whenever a run may have changed its state: begun, ended, been cancelled or deleted. What a running run
    /// reports does not count.
    /// </summary>
    public long StateVersion => Volatile.Read(ref _ofStates);

    /// <summary>Says that rows of a run have changed, its state perhaps among them.</summary>
    public void Changed(string runId)
    {
        Interlocked.Increment(ref _ofStates);
        Count(runId);
        Tell(runId);
    }

    /// <summary>Says that what a running run reported has been stored.</summary>
    /// <param name="runId">Run.</param>
    /// <param name="rows">Whether there was more than progress.</param>
    public void Recorded(string runId, bool rows)
    {
        if (rows)
        {
            Count(runId);
        }

        Tell(runId);
    }

    private void Count(string runId)
    {
        _versions.AddOrUpdate(runId, 1, (_, version) => version + 1);
        Interlocked.Increment(ref _ofAll);
    }

    private void Tell(string runId)
    {
        foreach (var subscription in _subscriptions)
        {
            if (subscription.RunId is null || subscription.RunId == runId)
            {
                subscription.Signal();
            }
        }
    }

    /// <summary>Says that rows of many runs have changed; which is not worth telling.</summary>
    public void ChangedMany()
    {
        Interlocked.Increment(ref _ofMany);
        Interlocked.Increment(ref _ofAll);
        Interlocked.Increment(ref _ofStates);
        foreach (var subscription in _subscriptions)
        {
            subscription.Signal();
        }
    }

    /// <summary>Replaces the progress of a run.</summary>
    public void Report(string runId, LiveProgress progress)
    {
        _progress[runId] = progress;
        Tell(runId);
    }

    /// <summary>Forgets the progress of a run that has ended.</summary>
    public void Ended(string runId)
    {
        _progress.TryRemove(runId, out _);
        Changed(runId);
    }

    private Subscription Add(string? runId, Func<Task> changed, TimeSpan? interval)
    {
        var subscription = new Subscription(this, runId, changed, interval ?? DefaultInterval);
        lock (_gate)
        {
            _subscriptions = [.. _subscriptions, subscription];
        }

        return subscription;
    }

    private void Remove(Subscription subscription)
    {
        lock (_gate)
        {
            _subscriptions = [.. _subscriptions.Where(other => other != subscription)];
        }
    }

    /// <summary>At most one call under way and one to come.</summary>
    private sealed class Subscription(RunFeed feed, string? runId, Func<Task> changed, TimeSpan interval) : IDisposable
    {
        // Callbacks see the culture and user of the screen that subscribed.
        private readonly ExecutionContext? _context = ExecutionContext.Capture();
        private readonly Lock _gate = new();
        private bool _signalled;
        private bool _active;
        private bool _disposed;

        public string? RunId => runId;

        public void Signal()
        {
            lock (_gate)
            {
                _signalled = true;
                if (_active || _disposed)
                {
                    return;
                }

                _active = true;
            }

            if (_context is null)
            {
                _ = Task.Run(Deliver);
            }
            else
            {
                ExecutionContext.Run(_context, _ => _ = Task.Run(Deliver), null);
            }
        }

        public void Dispose()
        {
            lock (_gate)
            {
                _disposed = true;
            }

            feed.Remove(this);
        }

        private async Task Deliver()
        {
            while (Next())
            {
                try
                {
                    await changed();
                }
                catch (ObjectDisposedException)
                {
                    // The screen was closed between the signal and the call.
                }
                catch (Exception error)
                {
                    feed._logger.LogError(error, "A screen could not take a change of a run.");
                }

                await Task.Delay(interval, feed._time);
            }
        }

        private bool Next()
        {
            lock (_gate)
            {
                var go = _signalled && !_disposed;
                _signalled = false;
                _active = go;
                return go;
            }
        }
    }
}
