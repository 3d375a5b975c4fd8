using BackdoorLab.Data;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Studies;
using Hangfire;

namespace BackdoorLab.Web.Jobs;

/// <summary>
/// What people do with runs: submit, run again, cancel. The database has the truth; jobs only wake a worker for it.
/// </summary>
public sealed class RunQueue(
    RunStore store,
    RunLeases leases,
    StudyStore studies,
    IBackgroundJobClient jobs,
    ActiveRuns active,
    RunFeed feed,
    LabOptions options
)
{
    /// <summary>Makes a run of a spec and queues it; returns its id.</summary>
    /// <param name="spec">A spec without faults.</param>
    /// <param name="estimatedSeconds">Estimate to show until the worker has a better one.</param>
    /// <param name="owner">Who submits it; empty in a lab without accounts.</param>
    public async Task<string> SubmitAsync(
        ExperimentSpec spec,
        double? estimatedSeconds = null,
        string owner = "",
        CancellationToken cancellation = default
    )
    {
        var run = await store.SubmitAsync(
            RunContent.From(spec, options.MaxAttempts, estimatedSeconds) with
            {
                Owner = owner,
            },
            cancellation
        );
        Deliver(run);
        return run.Id;
    }

    /// <summary>Makes a study with all its runs and queues them; returns its id.</summary>
    /// <param name="study">A study without faults.</param>
    /// <param name="estimate">Seconds a run may take.</param>
    /// <param name="owner">Who starts it; empty in a lab without accounts.</param>
    public async Task<string> SubmitStudyAsync(
        StudySpec study,
        Func<ExperimentSpec, double> estimate,
        string owner = "",
        CancellationToken cancellation = default
    )
    {
        var runs = StudyPlan
            .Make(study)
            .Experiments.Select(spec =>
                RunContent.From(spec, options.MaxAttempts, estimate(spec)) with
                {
                    Owner = owner,
                }
            )
            .ToList();
        var (studyId, queued) = await studies.CreateAsync(
            study.Name,
            StudySpec.Write(study),
            runs,
            owner,
            cancellation
        );
        foreach (var run in queued)
        {
            Deliver(run);
        }

        return studyId;
    }

    /// <summary>
    /// Queues a run again that failed, was cancelled or was interrupted. False when it cannot be queued.
    /// </summary>
    public async Task<bool> EnqueueAsync(string runId, CancellationToken cancellation = default)
    {
        if (await store.EnqueueAsync(runId, cancellation) is not { } queued)
        {
            return false;
        }

        Deliver(queued);
        return true;
    }

    /// <summary>
    /// Asks to stop; returns the state after the request, or null when there was nothing to cancel. A waiting run is
    /// cancelled at once, a running one when its worker has reached the end of a batch or was killed.
    /// </summary>
    public async Task<RunState?> CancelAsync(string runId, CancellationToken cancellation = default)
    {
        var state = await store.RequestCancelAsync(runId, cancellation);
        active.Cancel(runId);
        feed.Changed(runId);
        return state;
    }

    /// <summary>Lets a study's waiting runs wait on, or start again; returns how many.</summary>
    public async Task<int> HoldStudyAsync(string studyId, bool held, CancellationToken cancellation = default)
    {
        var runs = await studies.HoldAsync(studyId, held, cancellation);
        foreach (var run in runs)
        {
            if (held)
            {
                feed.Changed(run.Id);
            }
            else
            {
                Deliver(run);
            }
        }

        return runs.Count;
    }

    /// <summary>Puts a waiting run before all others. False when it does not wait.</summary>
    public async Task<bool> PutFirstAsync(string runId, CancellationToken cancellation = default)
    {
        var moved = await store.PutFirstAsync(runId, cancellation);
        feed.Changed(runId);
        return moved;
    }

    /// <summary>Queues interrupted runs again while they have attempts left.</summary>
    public async Task ResumeInterruptedAsync(CancellationToken cancellation = default)
    {
        foreach (var queued in await leases.RequeueInterruptedAsync(cancellation))
        {
            Deliver(queued);
        }
    }

    /// <summary>Gives every queued run to a job, in order. At start the jobs of the last process are gone.</summary>
    public async Task DeliverAllAsync(CancellationToken cancellation = default)
    {
        foreach (var queued in await store.ListQueuedAsync(cancellation))
        {
            Deliver(queued);
        }
    }

    private void Deliver(RunRef run)
    {
        jobs.Enqueue<RunJob>(job => job.Execute(CancellationToken.None));
        feed.Changed(run.Id);
    }
}
