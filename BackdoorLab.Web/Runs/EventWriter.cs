using System.Text.Json;
using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Web.Runs;

/// <summary>Writes events as JSON lines; thins out progress; notices a reader that is gone.</summary>
/// <param name="output">Where to.</param>
/// <param name="onReaderGone">Called once when the other end of the pipe has closed.</param>
public sealed class EventWriter(Stream output, Action onReaderGone) : IExperimentObserver, IDisposable
{
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(250);
    private readonly Lock _gate = new();
    private DateTime _lastProgress;
    private bool _gone;

    /// <summary>How the run ended, once it has.</summary>
    public RunEnding? Ending { get; private set; }

    /// <inheritdoc/>
    public void On(ExperimentEvent happened)
    {
        var now = DateTime.UtcNow;
        lock (_gate)
        {
            if (happened is StageProgress progress)
            {
                if (progress.Done < progress.Total && now - _lastProgress < ProgressInterval)
                {
                    return;
                }

                _lastProgress = now;
            }

            Ending = (happened as RunFinished)?.Ending ?? Ending;
            Write(happened.At == default ? happened with { At = now } : happened);
        }
    }

    /// <summary>Reports the end unless it was already reported.</summary>
    public void Finish(RunEnding ending, string error)
    {
        if (Ending is null)
        {
            On(new RunFinished(ending, error, []));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => output.Dispose();

    private void Write(ExperimentEvent happened)
    {
        if (_gone)
        {
            return;
        }

        try
        {
            JsonSerializer.Serialize(output, happened, SpecJson.Options);
            output.WriteByte((byte)'\n');
            output.Flush();
        }
        catch (IOException)
        {
            _gone = true;
            onReaderGone();
        }
    }
}
