using System.Text.Json;
using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Web.Jobs;

/// <summary>
/// Writes events as JSON lines and notices a reader that is gone. The engine thins out its progress itself.
/// </summary>
/// <param name="output">Where to.</param>
/// <param name="onReaderGone">Called once when the other end of the pipe has closed.</param>
/// <param name="time">Stamps events that have no time of their own.</param>
public sealed class EventWriter(Stream output, Action onReaderGone, TimeProvider time)
    : IExperimentObserver,
        IDisposable
{
    private readonly Lock _gate = new();
    private bool _gone;

    /// <summary>How the run ended, once it has.</summary>
    public RunEnding? Ending { get; private set; }

    /// <inheritdoc/>
    public void On(ExperimentEvent happened)
    {
        lock (_gate)
        {
            Ending = (happened as RunFinished)?.Ending ?? Ending;
            Write(happened.At == default ? happened with { At = time.GetUtcNow().UtcDateTime } : happened);
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
