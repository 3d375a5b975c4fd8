using System.Diagnostics;
using System.Text.Json.Nodes;
using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Web.Jobs;

/// <summary>
/// Experiments in processes of their own, so that several run at once: a small network does not fill two cores.
/// </summary>
/// <param name="launcher">Starts them.</param>
/// <param name="options">Data, store and threads of each.</param>
public sealed class WorkerExperiment(IWorkerLauncher launcher, RunnerOptions options)
{
    private const int StopSeconds = 20;

    /// <summary>
    /// As <see cref="ExperimentRunner.Run"/>; a process that ends without a word is a failed run, and the store keeps
    /// what it finished.
    /// </summary>
    public ExperimentResult Run(ExperimentSpec spec, IExperimentObserver observer, CancellationToken cancellation) =>
        RunAsync(spec, observer, cancellation).GetAwaiter().GetResult();

    private async Task<ExperimentResult> RunAsync(
        ExperimentSpec spec,
        IExperimentObserver observer,
        CancellationToken cancellation
    )
    {
        var document = SpecJson.Write(spec);
        Directory.CreateDirectory(options.StoreFolder);

        // The same run's earlier process may still be on its way to the end of its last batch; other runs do not wait
        // for it.
        var lockFile = Path.Combine(options.StoreFolder, $"{StageKey.Of("run", null, ("document", document))}.lock");
        var order = new WorkerOrder(
            JsonNode.Parse(document)!,
            options.DataRoot,
            options.StoreFolder,
            lockFile,
            options.Threads,
            StopSeconds,
            options.ModelFolder
        );
        await using var worker = launcher.Start(order);
        await using var stop = cancellation.Register(worker.Stop);
        var heard = new Heard(spec);
        await foreach (var happened in worker.Events.ReadAllAsync(CancellationToken.None))
        {
            heard.On(happened);
            observer.On(happened);
        }

        var exit = await worker.Ended;
        File.Delete(lockFile);
        return heard.Result(cancellation.IsCancellationRequested, exit);
    }

    /// <summary>A result put together from events.</summary>
    private sealed class Heard(ExperimentSpec spec)
    {
        private readonly Stopwatch _clock = Stopwatch.StartNew();
        private readonly List<CellResult> _cells = [];
        private readonly List<StageTime> _times = [];
        private RunStarted? _started;
        private RunFinished? _finished;

        public void On(ExperimentEvent happened)
        {
            switch (happened)
            {
                case RunStarted started:
                    _started = started;
                    break;
                case CellFinished finished:
                    // Told again where it was compared with the other model's; it keeps its place.
                    if (_cells.FindIndex(cell => cell.Id == finished.Cell.Id) is >= 0 and var at)
                    {
                        _cells[at] = finished.Cell;
                    }
                    else
                    {
                        _cells.Add(finished.Cell);
                    }

                    break;
                case StageFinished finished:
                    var stage = _started!.Stages.First(planned => planned.Key == finished.Key);
                    _times.Add(new(stage.Key, stage.Kind, stage.Method, finished.Seconds));
                    break;
                case RunFinished finished:
                    _finished = finished;
                    break;
            }
        }

        public ExperimentResult Result(bool cancelled, WorkerExit exit) =>
            new(
                ExperimentSpec.CurrentSchema,
                _finished?.Ending ?? (cancelled ? RunEnding.Cancelled : RunEnding.Failed),
                _finished?.Error ?? (cancelled ? "" : exit.Describe()),
                spec,
                _started?.Environment ?? new Dictionary<string, string>(),
                _cells,
                _times,
                _finished?.Remarks ?? [],
                _clock.Elapsed.TotalSeconds
            )
            {
                Data = _started?.Data,
                Poison = _started?.Poison,
                Victims = _finished?.Victims ?? [],
            };
    }
}
