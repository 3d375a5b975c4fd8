using System.Diagnostics;
using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Experiments;

/// <summary>Stamps events, keeps the progress account and holds progress to a few events a second.</summary>
internal sealed class EventStream(IExperimentObserver observer, TimeProvider time)
{
    private static readonly TimeSpan ProgressEvery = TimeSpan.FromMilliseconds(250);
    private readonly Stopwatch _sinceProgress = Stopwatch.StartNew();
    private readonly List<StageTime> _times = [];
    private Dictionary<string, PlannedStage> _planned = [];
    private ProgressMeter? _meter;
    private string _stage = "";

    internal void Emit(ExperimentEvent happened)
    {
        observer.On(happened with { At = time.GetUtcNow().UtcDateTime });
        if (happened is EpochFinished epoch)
        {
            Log(
                "info",
                FormattableString.Invariant(
                    $"{epoch.Victim} model, epoch {epoch.Epoch} of {epoch.Epochs}: loss {epoch.Loss:0.000}, {EpochFinished.Words(epoch.CleanAccuracy, epoch.AttackSuccessRate)}"
                )
            );
        }
    }

    internal void Log(string level, string message) => Emit(new LogWritten(level, message));

    internal void Begin(ExperimentPlan plan, IReadOnlyDictionary<string, string> environment, AchievedPoison? poison)
    {
        _meter = new(plan.Stages);
        (Data, Poison) = (plan.Data, poison);
        _planned = plan.Stages.DistinctBy(stage => stage.Key).ToDictionary(stage => stage.Key);
        Emit(
            new RunStarted(plan.Stages, [.. plan.Cells.Select(cell => cell.Id)], environment, plan.EstimatedSeconds)
            {
                Data = plan.Data,
                Poison = poison,
            }
        );
    }

    /// <summary>Announces a stage and returns what its work needs.</summary>
    internal RunContext StartStage(StageKey key, SeedTree seeds, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        _stage = key.Value;
        _meter!.Start(_stage);
        Emit(new StageStarted(_stage));
        Progress(0, 1, "");
        return new RunContext(
            seeds,
            cancellation,
            (done, total, unit) =>
            {
                if (_sinceProgress.Elapsed >= ProgressEvery)
                {
                    Progress(done, total, unit);
                }
            },
            message => Log("info", message)
        );
    }

    /// <summary>What the run is computed on; null before it began.</summary>
    internal DataFacts? Data { get; private set; }

    /// <summary>How much is poisoned; null before the run began and where nothing is.</summary>
    internal AchievedPoison? Poison { get; private set; }

    /// <summary>Stages that have ended.</summary>
    internal IReadOnlyList<StageTime> Times => _times;

    /// <summary>Wall time of the current stage so far.</summary>
    internal double StageSeconds => _meter!.StageSeconds;

    /// <summary>Ends the stage; returns its wall time.</summary>
    internal double FinishStage(bool cached, double? originalSeconds = null)
    {
        var seconds = originalSeconds ?? _meter!.StageSeconds;
        _meter!.Finish(cached);
        _times.Add(new(_stage, _planned[_stage].Kind, _planned[_stage].Method, seconds));
        Emit(new StageFinished(_stage, cached, seconds));
        return seconds;
    }

    private void Progress(double done, double total, string unit)
    {
        var (fraction, eta) = _meter!.At(total > 0 ? Math.Clamp(done / total, 0, 1) : 0);
        Emit(new StageProgress(_stage, done, total, unit, fraction, eta));
        _sinceProgress.Restart();
    }
}
