namespace BackdoorLab.Web.Jobs;

/// <summary>
/// Starts workers. The product has one implementation, <see cref="WorkerLauncher"/>; tests put a scripted one in its
/// place.
/// </summary>
public interface IWorkerLauncher
{
    /// <summary>Starts a worker on <paramref name="order"/>.</summary>
    IWorker Start(WorkerOrder order);
}
