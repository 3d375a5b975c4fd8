using System.Globalization;
using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Web.Commands;

/// <summary>Tells a run on a text stream: one line a stage, one an epoch, and progress every few seconds.</summary>
/// <param name="output">Where to.</param>
/// <param name="prefix">Begins every line, where several runs tell at once.</param>
internal sealed class ConsoleProgress(TextWriter output, string prefix = "") : IExperimentObserver
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);
    private IReadOnlyDictionary<string, string> _titles = new Dictionary<string, string>();
    private DateTime _last;
    private string? _held;

    public void On(ExperimentEvent happened)
    {
        // The last error is what the run ended with, which is told at its end.
        if (_held is { } held && happened is not RunFinished)
        {
            Tell(held);
        }

        _held = null;
        switch (happened)
        {
            case RunStarted started:
                _titles = started
                    .Stages.GroupBy(stage => stage.Key)
                    .ToDictionary(group => group.Key, group => group.First().Title);
                Tell(
                    $"{started.Stages.Count} stages, {started.Cells.Count} cells, about {Duration(started.EstimatedSeconds)}."
                );
                if (started.Poison is { } poison)
                {
                    Tell($"Poisoned: {poison.Words()}.");
                }

                break;
            case StageStarted started:
                Tell(_titles[started.Key]);
                _last = started.At;
                break;
            case StageProgress progress when progress.At - _last >= Every:
                _last = progress.At;
                Tell(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"  {progress.Done:0} of {progress.Total:0} {progress.Unit}; run {progress.RunFraction:P0}, about {Duration(progress.EtaSeconds)} left"
                    )
                );
                break;
            case EpochFinished epoch:
                Tell(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"  epoch {epoch.Epoch}/{epoch.Epochs}: loss {epoch.Loss:0.000}, {EpochFinished.Words(epoch.CleanAccuracy, epoch.AttackSuccessRate)}"
                    )
                );
                break;
            case StageFinished { Cached: true }:
                Tell("  from the store");
                break;
            case LogWritten { Level: "error" } log:
                _held = $"  error: {(Traces ? log.Message : log.Message.Split('\n')[0].TrimEnd())}";
                break;
            case LogWritten { Level: not "info" } log:
                Tell($"  {log.Level}: {log.Message}");
                break;
        }
    }

    /// <summary>Whether somebody looks for a fault of the program and wants to see where it happened.</summary>
    internal static bool Traces => Environment.GetEnvironmentVariable(LabOptions.EnvironmentPrefix + "TRACE") is "1";

    private void Tell(string line) => output.WriteLine(prefix + line);

    internal static string Duration(double seconds) =>
        seconds < 90
            ? string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(seconds):0} s")
            : string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0.#} min");
}
