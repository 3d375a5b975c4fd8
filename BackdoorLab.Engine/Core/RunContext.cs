namespace BackdoorLab.Engine.Core;

/// <summary>
/// What every long operation gets: its random streams, cancellation, progress and log. Synchronous, one thread.
/// </summary>
public sealed class RunContext
{
    private readonly Action<double, double, string> _progress;
    private readonly Action<string> _log;

    /// <summary>Makes a context.</summary>
    /// <param name="seeds">Random streams of this stage.</param>
    /// <param name="cancellation">Checked at least once per batch.</param>
    /// <param name="progress">Receives (done, total, unit); may be called thousands of times a second, so it must
    /// throttle.</param>
    /// <param name="log">Receives one line of text.</param>
    public RunContext(
        SeedTree seeds,
        CancellationToken cancellation = default,
        Action<double, double, string>? progress = null,
        Action<string>? log = null
    )
    {
        Seeds = seeds;
        Cancellation = cancellation;
        _progress = progress ?? ((_, _, _) => { });
        _log = log ?? (_ => { });
    }

    /// <summary>Random streams of this stage.</summary>
    public SeedTree Seeds { get; }

    /// <summary>The token behind <see cref="ThrowIfCancelled"/>.</summary>
    public CancellationToken Cancellation { get; }

    /// <summary>A context for a part of this one: same cancellation, progress and log, own random streams.</summary>
    public RunContext Child(string name) => new(Seeds.Child(name), Cancellation, _progress, _log);

    /// <summary>
    /// The same context for a part of this one's work, whose progress fills the shares from <paramref name="from"/> to
    /// <paramref name="to"/>: step 5 of 10 in the second half is step 15 of 20.
    /// </summary>
    public RunContext Part(double from, double to) =>
        new(
            Seeds,
            Cancellation,
            (done, total, unit) =>
            {
                var whole = total / (to - from);
                _progress(Math.Round(from * whole + done), Math.Round(whole), unit);
            },
            _log
        );

    /// <summary>The same context under another token.</summary>
    public RunContext With(CancellationToken cancellation) => new(Seeds, cancellation, _progress, _log);

    /// <summary>The same context with other random streams.</summary>
    public RunContext With(SeedTree seeds) => new(seeds, Cancellation, _progress, _log);

    /// <summary>Call once per batch.</summary>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public void ThrowIfCancelled() => Cancellation.ThrowIfCancellationRequested();

    /// <summary>
    /// Reports progress of the current stage and checks for cancellation. <paramref name="unit"/> e.g. "batches",
    /// "classes".
    /// </summary>
    public void Progress(double done, double total, string unit)
    {
        ThrowIfCancelled();
        _progress(done, total, unit);
    }

    /// <summary>Adds a line to the run's log.</summary>
    public void Log(string message) => _log(message);
}
