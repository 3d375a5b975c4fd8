using BackdoorLab.Web.Runs;

namespace BackdoorLab.Web.Tests.Runs;

/// <summary>The real launcher; remembers which process it started last.</summary>
public sealed class RecordingLauncher : IWorkerLauncher
{
    private readonly WorkerLauncher _inner = new();

    public int LastProcessId { get; private set; }

    public IWorker Start(WorkerOrder order)
    {
        var worker = _inner.Start(order);
        LastProcessId = worker.ProcessId;
        return worker;
    }
}
