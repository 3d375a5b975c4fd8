using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Engine.Studies;

/// <summary>Runs a study's experiments one after another in this process. Repeating it continues, since the store keeps every stage.</summary>
/// <param name="options">Data, store, threads.</param>
public sealed class StudyRunner(RunnerOptions options)
{
    /// <summary>Runs until the end or until it is cancelled; runs that were not reached have no cells.</summary>
    /// <param name="study">A study without faults.</param>
    /// <param name="observer">Receives the events of every run.</param>
    /// <param name="begin">Called before each run with its number from 0, the number of runs, and its spec.</param>
    /// <param name="end">Called after each run.</param>
    /// <param name="cancellation">Stops after the current batch.</param>
    public IReadOnlyList<StudyRun> Run(
        StudySpec study,
        IExperimentObserver observer,
        Action<int, int, ExperimentSpec> begin,
        Action<ExperimentResult> end,
        CancellationToken cancellation)
    {
        var experiments = StudyPlan.Make(study).Experiments;
        var runs = new List<StudyRun>();
        for (var i = 0; i < experiments.Count; i++)
        {
            if (cancellation.IsCancellationRequested)
            {
                runs.Add(new(experiments[i], [], []));
                continue;
            }

            begin(i, experiments.Count, experiments[i]);
            var result = new ExperimentRunner(options).Run(experiments[i], observer, cancellation);
            end(result);
            runs.Add(new(experiments[i], result.Cells, result.Stages));
        }

        return runs;
    }
}
