using BackdoorLab.Web.Jobs;

namespace BackdoorLab.Web.Tests.Support;

/// <summary>
/// The real launcher; remembers which process it started last, and can hold a claimed run before its process starts.
/// </summary>
public sealed class RecordingLauncher : IWorkerLauncher, IDisposable
{
    private readonly WorkerLauncher _inner = new();
    private readonly ManualResetEventSlim _gate = new(initialState: true);
    private readonly ManualResetEventSlim _held = new();

    public int LastProcessId { get; private set; }

    /// <summary>From now on runs are claimed and get no further.</summary>
    public void Close() => _gate.Reset();

    /// <summary>Waits until a run stands at the gate.</summary>
    public void WaitForARun() => Assert.True(_held.Wait(TimeSpan.FromMinutes(2)), "No run came to the gate.");

    /// <summary>Lets runs pass.</summary>
    public void Open() => _gate.Set();

    public IWorker Start(WorkerOrder order)
    {
        _held.Set();
        Assert.True(_gate.Wait(TimeSpan.FromMinutes(5)), "Nobody opened the gate.");
        var worker = _inner.Start(order);
        LastProcessId = worker.ProcessId;
        return worker;
    }

    public void Dispose()
    {
        _gate.Dispose();
        _held.Dispose();
    }
}
