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
    /// <param name="end">Called after each run with its result and with all runs as they stand.</param>
    /// <param name="cancellation">Stops after the current batch.</param>
    public IReadOnlyList<StudyRun> Run(
        StudySpec study,
        IExperimentObserver observer,
        Action<int, int, ExperimentSpec> begin,
        Action<ExperimentResult, IReadOnlyList<StudyRun>> end,
        CancellationToken cancellation)
    {
        StudyRun[] runs = [.. StudyPlan.Make(study).Experiments.Select(spec => new StudyRun(spec, [], []))];
        for (var i = 0; i < runs.Length && !cancellation.IsCancellationRequested; i++)
        {
            begin(i, runs.Length, runs[i].Spec);
            var result = new ExperimentRunner(options).Run(runs[i].Spec, observer, cancellation);
            runs[i] = runs[i] with { Cells = result.Cells, Stages = result.Stages };
            end(result, runs);
        }

        return runs;
    }
}
