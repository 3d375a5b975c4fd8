using BackdoorLab.Data;
using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Web.Jobs;

/// <summary>
/// Brings what the engine reports into the database. Collects between two writes, because SQLite has one writer and
/// screens ask no more often.
/// </summary>
public sealed class RunRecorder(RunRecording recording, RunFeed feed, string runId, int attempt)
{
    private readonly Dictionary<string, string> _titles = [];
    private readonly List<StageChange> _stages = [];
    private readonly List<CellResult> _cells = [];
    private readonly List<TrainingPoint> _curve = [];
    private readonly List<ArtifactReference> _artifacts = [];
    private readonly List<LogEntry> _log = [];
    private readonly List<CellResult> _undefended = [];
    private RunPlan? _plan;
    private RunProgress? _progress;
    private bool _changed;
    private bool _judged;
    private bool _federated;

    /// <summary>The engine's last word, once it has come.</summary>
    public RunFinished? Finished { get; private set; }

    /// <summary>
    /// Takes an event; progress reaches screens at once, the rest with the next <see cref="FlushAsync"/>.
    /// </summary>
    public void Add(ExperimentEvent happened)
    {
        _changed = true;
        switch (happened)
        {
            case RunStarted started:
                Plan(started);
                break;
            case StageStarted started:
                _stages.Add(new StageChange(started.Key, StageState.Running));
                break;
            case StageProgress progress:
                Progress(progress);
                break;
            case StageFinished finished:
                _stages.Add(new StageChange(finished.Key, StageState.Done, finished.Cached, finished.Seconds));
                break;
            case EpochFinished epoch:
                _curve.Add(
                    new TrainingPoint(
                        epoch.Victim,
                        epoch.Epoch,
                        epoch.Epochs,
                        epoch.Loss,
                        epoch.CleanAccuracy,
                        epoch.AttackSuccessRate
                    )
                );
                break;
            case ArtifactSaved saved:
                _artifacts.Add(saved.Artifact);
                break;
            case CellFinished finished:
                _cells.Add(finished.Cell);
                Judge(finished.Cell);
                break;
            case LogWritten line:
                _log.Add(new LogEntry(line.At, line.Level, line.Message));
                break;
            case RunFinished finished:
                Finished = finished;
                break;
            default:
                throw new NotSupportedException($"An event of type {happened.GetType().Name} is not recorded.");
        }
    }

    /// <summary>Adds a line of the dashboard's own to the run's log.</summary>
    public void Log(DateTime at, string level, string text)
    {
        _changed = true;
        _log.Add(new LogEntry(at, level, text));
    }

    /// <summary>
    /// Writes what was collected. False when the run is no longer this attempt's; nothing is written then.
    /// </summary>
    public async Task<bool> FlushAsync(CancellationToken cancellation = default)
    {
        if (!_changed)
        {
            return true;
        }

        var held = await recording.RecordAsync(
            runId,
            attempt,
            new RunChanges
            {
                Plan = _plan,
                Progress = _progress,
                Stages = [.. _stages],
                Cells = [.. _cells],
                Victims = _judged
                    ?
                    [
                        .. VictimOutcome
                            .Of(_undefended, _federated)
                            .Select(victim => new VictimState(victim.Victim, victim.Remark)),
                    ]
                    : [],
                Curve = [.. _curve],
                Artifacts = [.. _artifacts],
                Log = [.. _log],
            },
            cancellation
        );
        var rows = _plan is not null || _stages.Count + _cells.Count + _curve.Count + _artifacts.Count + _log.Count > 0;
        Clear();
        feed.Recorded(runId, rows);
        return held;
    }

    private void Clear()
    {
        (_changed, _judged) = (false, false);
        _plan = null;
        _progress = null;
        _stages.Clear();
        _cells.Clear();
        _curve.Clear();
        _artifacts.Clear();
        _log.Clear();
    }

    private void Plan(RunStarted started)
    {
        _federated = started.Poison?.OfAttackers == true;
        foreach (var stage in started.Stages)
        {
            _titles[stage.Key] = stage.Title;
        }

        _plan = new RunPlan(started.Stages, started.Cells, started.Environment, started.EstimatedSeconds)
        {
            PoisonedImages = started.Poison?.Poisoned,
            PoisonedShare = started.Poison?.Share,
            Data = started.Data is { } data
                ? new(data.Source, data.Fingerprint, data.Classes, data.Train.Count, data.Test.Count)
                : null,
        };
    }

    // By the cells so far, and not by the engine's last word: a run that is killed has none, and its finished cells
    // count all the same.
    private void Judge(CellResult cell)
    {
        if (cell.Id.Defense is null)
        {
            _undefended.Add(cell);
            _judged = true;
        }
    }

    private void Progress(StageProgress progress)
    {
        var phase = _titles.GetValueOrDefault(progress.Key, progress.Key);
        double? eta = double.IsFinite(progress.EtaSeconds) ? progress.EtaSeconds : null;
        _progress = new RunProgress(phase, progress.RunFraction, eta);
        feed.Report(
            runId,
            new LiveProgress(
                phase,
                progress.Key,
                progress.Done,
                progress.Total,
                progress.Unit,
                progress.RunFraction,
                eta,
                progress.At
            )
        );
    }
}
