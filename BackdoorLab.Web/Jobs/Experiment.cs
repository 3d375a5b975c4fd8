using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Web.Jobs;

/// <summary>The engine as a worker runs it.</summary>
internal static class Experiment
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(200);

    /// <summary>Waits until no other worker of this lab computes, then runs the spec.</summary>
    public static void Run(WorkerOrder order, ExperimentSpec spec, IExperimentObserver observer, CancellationToken stop)
    {
        using var turn = WaitForTurn(order.LockFile, observer, stop);
        new ExperimentRunner(
            new RunnerOptions(order.DataRoot, order.StoreFolder, order.Threads)
            {
                ModelFolder = order.ModelFolder,
                Programs = new ProgramLauncher(order.Threads),
            }
        ).Run(spec, observer, stop);
    }

    /// <summary>
    /// A worker whose dashboard was killed may still be on its way to the end of its last batch. The system frees the
    /// lock when it is gone.
    /// </summary>
    private static FileStream WaitForTurn(string path, IExperimentObserver observer, CancellationToken stop)
    {
        for (var first = true; ; first = false)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException error) when (error is not DirectoryNotFoundException and not PathTooLongException)
            {
                if (first)
                {
                    observer.On(
                        new LogWritten("info", "Another worker of this lab has not ended yet; waiting for it.")
                    );
                }

                stop.ThrowIfCancellationRequested();
                stop.WaitHandle.WaitOne(LookAgain);
            }
        }
    }
}
