using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Engine.Studies;

/// <summary>Runs a study's experiments. Repeating it continues, since the store keeps every stage.</summary>
/// <param name="run">Runs one experiment: <see cref="ExperimentRunner.Run"/>, or a process of its own where several run
/// at once.</param>
/// <param name="atOnce">How many experiments run at the same time. With one, everything happens on the calling
/// thread.</param>
public sealed class StudyRunner(
    Func<ExperimentSpec, IExperimentObserver, CancellationToken, ExperimentResult> run,
    int atOnce = 1
)
{
    private readonly Lock _gate = new();

    /// <summary>Runs until the end or until it is cancelled; runs that were not reached have no cells.</summary>
    /// <param name="study">A study without faults.</param>
    /// <param name="begin">Called before each run with its number from 0, the number of runs and its spec; returns who
    /// hears its events.</param>
    /// <param name="end">Called after each run with its result and with all runs as they stand. Calls of both kinds
    /// never overlap.</param>
    /// <param name="cancellation">Stops after the current batch.</param>
    public IReadOnlyList<StudyRun> Run(
        StudySpec study,
        Func<int, int, ExperimentSpec, IExperimentObserver> begin,
        Action<ExperimentResult, IReadOnlyList<StudyRun>> end,
        CancellationToken cancellation
    )
    {
        StudyRun[] runs = [.. StudyPlan.Make(study).Experiments.Select(spec => new StudyRun(spec, [], []))];
        var next = 0;
        if (atOnce == 1)
        {
            Work();
        }
        else
        {
            Task.WaitAll(
                Enumerable
                    .Range(0, Math.Min(atOnce, runs.Length))
                    .Select(_ =>
                        Task.Factory.StartNew(
                            Work,
                            CancellationToken.None,
                            TaskCreationOptions.LongRunning,
                            TaskScheduler.Default
                        )
                    )
                    .ToArray(),
                CancellationToken.None
            );
        }

        return runs;

        void Work()
        {
            while (Begin() is { } started)
            {
                var result = run(runs[started.Index].Spec, started.Observer, cancellation);
                lock (_gate)
                {
                    runs[started.Index] = runs[started.Index] with { Cells = result.Cells, Stages = result.Stages };
                    end(result, runs);
                }
            }
        }

        (int Index, IExperimentObserver Observer)? Begin()
        {
            lock (_gate)
            {
                return next < runs.Length && !cancellation.IsCancellationRequested
                    ? (next, begin(next, runs.Length, runs[next++].Spec))
                    : null;
            }
        }
    }
}
