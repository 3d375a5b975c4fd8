using System.Diagnostics;
using System.Text.Json;
using System.Threading.Channels;
using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Web.Jobs;

/// <summary>
/// The dashboard's end of a worker process: JSON lines in, a stop word out, and a hard end when it does not listen.
/// </summary>
public sealed class WorkerProcess : IWorker
{
    private const int TailLines = 40;
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(5);

    // Bounded: when the database is slower than the worker, the pipe fills and the worker waits.
    private readonly Channel<ExperimentEvent> _events = Channel.CreateBounded<ExperimentEvent>(4096);
    private readonly CancellationTokenSource _over = new();
    private readonly Queue<string> _tail = new();
    private readonly Lock _gate = new();
    private readonly Process _process;
    private readonly TimeSpan _stopTime;
    private bool _stopping;

    internal WorkerProcess(Process process, TimeSpan stopTime)
    {
        _process = process;
        _stopTime = stopTime;
        ProcessId = process.Id;
        Ended = Task.Run(Supervise);
    }

    /// <inheritdoc/>
    public int ProcessId { get; }

    /// <inheritdoc/>
    public ChannelReader<ExperimentEvent> Events => _events.Reader;

    /// <inheritdoc/>
    public Task<WorkerExit> Ended { get; }

    /// <inheritdoc/>
    public void Stop()
    {
        lock (_gate)
        {
            if (_stopping)
            {
                return;
            }

            _stopping = true;
        }

        Send(WorkerSession.StopWord);
        _ = KillAfter(_stopTime);
    }

    /// <inheritdoc/>
    public void Kill()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (Exception error)
            when (error is InvalidOperationException or System.ComponentModel.Win32Exception or AggregateException)
        {
            // It ended in the meantime.
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!Ended.IsCompleted)
        {
            Kill();
            _events.Reader.TryRead(out _);
        }

        await _over.CancelAsync();
        await Ended;
        _over.Dispose();
        _process.Dispose();
    }

    internal void Send(string line)
    {
        try
        {
            _process.StandardInput.Write(line + '\n');
            _process.StandardInput.Flush();
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // It ended; its exit code tells the story.
        }
    }

    private async Task<WorkerExit> Supervise()
    {
        var reports = ReadReports();
        var errors = ReadErrors();
        await _process.WaitForExitAsync();

        // A grandchild could hold the pipes open; do not wait for it for ever.
        await Task.WhenAny(Task.WhenAll(reports, errors), Task.Delay(DrainTime, _over.Token));
        _events.Writer.TryComplete();
        lock (_gate)
        {
            return new WorkerExit(_process.ExitCode, [.. _tail]);
        }
    }

    private async Task ReadReports()
    {
        try
        {
            while (await _process.StandardOutput.ReadLineAsync(_over.Token) is { } line)
            {
                if (Parse(line) is { } happened)
                {
                    await _events.Writer.WriteAsync(happened, _over.Token);
                }
            }
        }
        catch (Exception error) when (error is OperationCanceledException or ChannelClosedException or IOException)
        {
            // Nobody listens any more.
        }
    }

    private ExperimentEvent? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<ExperimentEvent>(line, SpecJson.Options);
        }
        catch (Exception error) when (error is JsonException or NotSupportedException)
        {
            Keep($"unexpected output: {line} ({error.Message})");
            return null;
        }
    }

    private async Task ReadErrors()
    {
        try
        {
            while (await _process.StandardError.ReadLineAsync(_over.Token) is { } line)
            {
                Keep(line);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or IOException)
        {
            // Nobody listens any more.
        }
    }

    private void Keep(string line)
    {
        lock (_gate)
        {
            _tail.Enqueue(line);
            if (_tail.Count > TailLines)
            {
                _tail.Dequeue();
            }
        }
    }

    private async Task KillAfter(TimeSpan time)
    {
        if (await Task.WhenAny(Ended, Task.Delay(time)) != Ended)
        {
            Kill();
        }
    }
}
