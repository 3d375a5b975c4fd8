using System.Threading.Channels;
using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Web.Jobs;

/// <summary>A running worker.</summary>
public interface IWorker : IAsyncDisposable
{
    /// <summary>Its process id.</summary>
    int ProcessId { get; }

    /// <summary>What it reports, in order; completes when it has ended.</summary>
    ChannelReader<ExperimentEvent> Events { get; }

    /// <summary>Completes when it has ended and all its events are in <see cref="Events"/>.</summary>
    Task<WorkerExit> Ended { get; }

    /// <summary>Asks it to stop at the next batch.</summary>
    void Stop();

    /// <summary>Ends it and its children at once.</summary>
    void Kill();
}
