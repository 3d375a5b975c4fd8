using System.Collections.Concurrent;
using System.Threading.Channels;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Jobs;

namespace BackdoorLab.Web.Tests.Support;

/// <summary>Workers that do what a test says. Each start takes the next script.</summary>
public sealed class ScriptedWorkers : IWorkerLauncher
{
    private readonly ConcurrentQueue<Action<ScriptedWorker>> _scripts = new();
    private int _started;

    public int Started => Volatile.Read(ref _started);

    public ConcurrentQueue<WorkerOrder> Orders { get; } = new();

    /// <summary>Adds a script; it runs on a thread of its own.</summary>
    public void Next(Action<ScriptedWorker> script) => _scripts.Enqueue(script);

    public IWorker Start(WorkerOrder order)
    {
        Interlocked.Increment(ref _started);
        Orders.Enqueue(order);
        if (!_scripts.TryDequeue(out var script))
        {
            throw new InvalidOperationException("A worker was started that no script is for.");
        }

        var worker = new ScriptedWorker();
        new Thread(() => script(worker)) { IsBackground = true }.Start();
        return worker;
    }
}

public sealed class ScriptedWorker : IWorker
{
    private readonly Channel<ExperimentEvent> _events = Channel.CreateUnbounded<ExperimentEvent>();
    private readonly TaskCompletionSource<WorkerExit> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ManualResetEventSlim _stop = new();

    public int ProcessId => -1;

    public ChannelReader<ExperimentEvent> Events => _events.Reader;

    public Task<WorkerExit> Ended => _ended.Task;

    public void Report(params ExperimentEvent[] events)
    {
        foreach (var happened in events)
        {
            _events.Writer.TryWrite(happened with { At = DateTime.UtcNow });
        }
    }

    public void Complete()
    {
        Report(new RunFinished(RunEnding.Completed, "", ["n = 1"]));
        Exit(WorkerExit.Completed);
    }

    public void Exit(int code, params string[] errorTail)
    {
        _events.Writer.TryComplete();
        _ended.TrySetResult(new WorkerExit(code, errorTail));
    }

    /// <summary>
    /// Works until it is told to stop, then stops as the real one does: when <paramref name="batch"/>, the one under
    /// way, has ended.
    /// </summary>
    public void WorkUntilStopped(Task? batch = null)
    {
        _stop.Wait(TimeSpan.FromMinutes(1));
        batch?.Wait(TimeSpan.FromMinutes(1));
        Report(new RunFinished(RunEnding.Cancelled, "", []));
        Exit(WorkerExit.Stopped);
    }

    public void Stop() => _stop.Set();

    public void Kill() => Exit(137);

    public ValueTask DisposeAsync()
    {
        Kill();
        return ValueTask.CompletedTask;
    }
}
