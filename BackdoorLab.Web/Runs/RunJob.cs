using System.Text.Json.Nodes;
using BackdoorLab.Data;
using BackdoorLab.Engine.Experiments;
using Hangfire;

namespace BackdoorLab.Web.Runs;

/// <summary>
/// One attempt of one run: claims the run whose turn it is, supervises its worker, and writes down truthfully how it ended. A job is only a
/// wake-up call, one for every run that was queued: which run it takes, the database decides, so that priorities and pauses hold. Jobs may
/// be delivered twice or too late; they find nothing to claim then. The library's own retries are off, the run's attempts decide.
/// </summary>
public sealed class RunJob(
    RunStore store,
    ResultQueries queries,
    RunQueue queue,
    RunFeed feed,
    ActiveRuns active,
    RunOwner owner,
    IWorkerLauncher launcher,
    Webhook webhook,
    LabOptions options,
    IHostApplicationLifetime host,
    TimeProvider time,
    ILogger<RunJob> logger)
{
    private TimeSpan Lease => TimeSpan.FromSeconds(options.LeaseSeconds);

    /// <summary>Runs one attempt to its end.</summary>
    /// <param name="aborted">Fires when the job server stops.</param>
    [AutomaticRetry(Attempts = 0)]
    public async Task Execute(CancellationToken aborted)
    {
        if (host.ApplicationStopping.IsCancellationRequested
            || await store.ClaimNextAsync(owner.Name, LeaseEnd(), aborted) is not { } claimed)
        {
            return;
        }

        var (runId, attempt) = (claimed.Id, claimed.Attempt);
        feed.Changed(runId);
        var cancelled = active.Begin(runId);
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(aborted, host.ApplicationStopping);
        RunEnd? end;
        try
        {
            end = await Supervise(runId, attempt, cancelled, stopping.Token);
        }
        catch (Exception error)
        {
            logger.LogError(error, "Run {Run} could not be supervised.", runId);
            end = new RunEnd(RunState.Failed, $"The dashboard could not supervise the run: {error.Message} ({error.GetType().Name})");
        }
        finally
        {
            active.End(runId);
        }

        if (end is not null && await store.FinishAsync(runId, owner.Name, end, CancellationToken.None))
        {
            if (end.State != RunState.Interrupted)
            {
                webhook.Ended(runId);
            }
            else if (!stopping.IsCancellationRequested)
            {
                await queue.ResumeInterruptedAsync(CancellationToken.None);
            }
        }

        feed.Ended(runId);
    }

    /// <summary>How the attempt ended, or null when it is no longer ours to end.</summary>
    private async Task<RunEnd?> Supervise(string runId, int attempt, CancellationToken cancelled, CancellationToken stopping)
    {
        var run = await queries.FindAsync(runId, CancellationToken.None)
            ?? throw new InvalidOperationException($"The run {runId} vanished after it was claimed.");
        var recorder = new RunRecorder(store, feed, runId, attempt);
        await using var worker = launcher.Start(Order(run.SpecJson));
        logger.LogInformation("Run {Run}, attempt {Attempt}: worker process {Process}.", runId, attempt, worker.ProcessId);

        using var onCancel = cancelled.Register(worker.Stop);
        using var onStopping = stopping.Register(worker.Stop);
        if (!await Follow(runId, worker, recorder))
        {
            logger.LogWarning("Run {Run}, attempt {Attempt}: the lease was lost; its worker is ended.", runId, attempt);
            return null;
        }

        var exit = await worker.Ended;
        var end = await Ending(runId, recorder, exit, stopping.IsCancellationRequested);
        return await recorder.FlushAsync(CancellationToken.None) ? end : null;
    }

    /// <summary>Records events until the worker has ended; false when the run is no longer ours.</summary>
    private async Task<bool> Follow(string runId, IWorker worker, RunRecorder recorder)
    {
        var renewed = time.GetTimestamp();
        while (true)
        {
            // A second between two looks: what is read in between is written in one transaction.
            await Task.WhenAny(worker.Ended, Task.Delay(TimeSpan.FromSeconds(1), time));
            var over = worker.Ended.IsCompleted;
            while (worker.Events.TryRead(out var happened))
            {
                recorder.Add(happened);
            }

            if (!await recorder.FlushAsync(CancellationToken.None))
            {
                return false;
            }

            if (time.GetElapsedTime(renewed) > Lease / 4)
            {
                renewed = time.GetTimestamp();
                if (await store.RenewLeaseAsync(runId, owner.Name, LeaseEnd(), CancellationToken.None) == LeaseStatus.Lost)
                {
                    return false;
                }
            }

            if (over)
            {
                return true;
            }

            if (await store.IsCancelRequestedAsync(runId, CancellationToken.None))
            {
                worker.Stop();
            }
        }
    }

    private async Task<RunEnd> Ending(string runId, RunRecorder recorder, WorkerExit exit, bool stopping)
    {
        var cancelled = await store.IsCancelRequestedAsync(runId, CancellationToken.None);
        switch (recorder.Finished)
        {
            case { Ending: RunEnding.Completed } finished:
                return new RunEnd(RunState.Succeeded) { Remarks = finished.Remarks };
            case { Ending: RunEnding.Failed } finished:
                return new RunEnd(RunState.Failed, finished.Error) { Remarks = finished.Remarks };
            case var finished when cancelled:
                return new RunEnd(RunState.Cancelled) { Remarks = finished?.Remarks };
            case var _ when stopping:
                return new RunEnd(RunState.Interrupted, "The dashboard was stopped.") { CostsNoAttempt = true };
            default:
                var lost = $"Lost: {exit.Describe()}";
                recorder.Log(time.GetUtcNow().UtcDateTime, "error", lost);
                logger.LogWarning("Run {Run}: {Lost}", runId, lost);
                return new RunEnd(RunState.Interrupted, lost);
        }
    }

    private WorkerOrder Order(string specJson) => new(
        JsonNode.Parse(specJson)!,
        options.Data,
        options.ArtifactFolder,
        Path.Combine(options.Lab, "worker.lock"),
        options.Threads,
        options.StopSeconds,
        options.ModelFolder);

    private DateTime LeaseEnd() => time.GetUtcNow().UtcDateTime + Lease;
}
