using System.Text.Json.Nodes;
using BackdoorLab.Data;
using BackdoorLab.Engine.Experiments;
using Hangfire;

namespace BackdoorLab.Web.Jobs;

/// <summary>
/// One attempt of one run: claims the run whose turn it is, supervises its worker, and writes down truthfully how it
/// ended. A job is only a wake-up call, one for every run that was queued: which run it takes, the database decides, so
/// that priorities and pauses hold. Jobs may be delivered twice or too late; they find nothing to claim then. The
/// library's own retries are off, the run's attempts decide.
/// </summary>
public sealed class RunJob(
    RunLeases leases,
    RunRecording recording,
    RunDetailQuery queries,
    RunQueue queue,
    RunFeed feed,
    ActiveRuns active,
    RunOwner owner,
    IWorkerLauncher launcher,
    Webhook webhook,
    DatabaseWatch database,
    LabOptions options,
    IHostApplicationLifetime host,
    TimeProvider time,
    ILogger<RunJob> logger
)
{
    private TimeSpan Lease => TimeSpan.FromSeconds(options.LeaseSeconds);

    /// <summary>Runs one attempt to its end.</summary>
    /// <param name="aborted">Fires when the job server stops.</param>
    [AutomaticRetry(Attempts = 0)]
    public async Task Execute(CancellationToken aborted)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(aborted, host.ApplicationStopping);
        if (
            stopping.IsCancellationRequested
            || await database.Write(() => leases.ClaimNextAsync(owner.Name, LeaseEnd(), aborted), stopping.Token)
                is not { } claimed
        )
        {
            return;
        }

        var runId = claimed.Id;
        feed.Changed(runId);
        var cancelled = active.Begin(runId);
        try
        {
            await Finish(runId, await Attempt(claimed, cancelled, stopping.Token), stopping.Token);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // What could not be written until now is still in the store of stages; the next start takes the run up
            // again.
            logger.LogWarning("Run {Run} ends unwritten with the dashboard; it continues at the next start.", runId);
        }
        finally
        {
            active.End(runId);
            feed.Ended(runId);
        }
    }

    private async Task<RunEnd?> Attempt(RunRef claimed, CancellationToken cancelled, CancellationToken stopping)
    {
        try
        {
            return await Supervise(claimed.Id, claimed.Attempt, cancelled, stopping);
        }
        catch (Exception error) when (error is not OperationCanceledException || !stopping.IsCancellationRequested)
        {
            logger.LogError(error, "Run {Run} could not be supervised.", claimed.Id);
            return new RunEnd(
                RunState.Failed,
                $"The dashboard could not supervise the run: {error.Message} ({error.GetType().Name})"
            );
        }
    }

    private async Task Finish(string runId, RunEnd? end, CancellationToken stopping)
    {
        if (
            end is null
            || !await database.Write(() => leases.FinishAsync(runId, owner.Name, end, CancellationToken.None), stopping)
        )
        {
            return;
        }

        if (end.State != RunState.Interrupted)
        {
            webhook.Ended(runId);
        }
        else if (!stopping.IsCancellationRequested)
        {
            await database.Write(
                async () =>
                {
                    await queue.ResumeInterruptedAsync(CancellationToken.None);
                    return true;
                },
                stopping
            );
        }
    }

    /// <summary>How the attempt ended, or null when it is no longer ours to end.</summary>
    private async Task<RunEnd?> Supervise(
        string runId,
        int attempt,
        CancellationToken cancelled,
        CancellationToken stopping
    )
    {
        var run =
            await queries.FindAsync(runId, CancellationToken.None)
            ?? throw new InvalidOperationException($"The run {runId} vanished after it was claimed.");
        var recorder = new RunRecorder(recording, feed, runId, attempt);
        await using var worker = launcher.Start(Order(run.SpecJson));
        logger.LogInformation(
            "Run {Run}, attempt {Attempt}: worker process {Process}.",
            runId,
            attempt,
            worker.ProcessId
        );

        using var onCancel = cancelled.Register(worker.Stop);
        using var onStopping = stopping.Register(worker.Stop);
        if (!await Follow(runId, worker, recorder, stopping))
        {
            logger.LogWarning("Run {Run}, attempt {Attempt}: the lease was lost; its worker is ended.", runId, attempt);
            return null;
        }

        var exit = await worker.Ended;
        var end = await Ending(runId, recorder, exit, stopping.IsCancellationRequested);
        return await Flush(recorder, stopping) ? end : null;
    }

    /// <summary>Records events until the worker has ended; false when the run is no longer ours.</summary>
    private async Task<bool> Follow(string runId, IWorker worker, RunRecorder recorder, CancellationToken stopping)
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

            if (!await Flush(recorder, stopping))
            {
                return false;
            }

            if (time.GetElapsedTime(renewed) > Lease / 4)
            {
                renewed = time.GetTimestamp();
                if (
                    !await database.Write(
                        () => leases.RenewLeaseAsync(runId, owner.Name, LeaseEnd(), CancellationToken.None),
                        stopping
                    )
                )
                {
                    return false;
                }
            }

            if (over)
            {
                return true;
            }

            if (await leases.IsCancelRequestedAsync(runId, CancellationToken.None))
            {
                worker.Stop();
            }
        }
    }

    // The worker works on while this waits; what it reports stays in the pipe, and its results are in the store of
    // stages.
    private Task<bool> Flush(RunRecorder recorder, CancellationToken stopping) =>
        database.Write(
            () => recorder.FlushAsync(CancellationToken.None),
            stopping,
            words => recorder.Log(time.GetUtcNow().UtcDateTime, "warning", words)
        );

    private async Task<RunEnd> Ending(string runId, RunRecorder recorder, WorkerExit exit, bool stopping)
    {
        var cancelled = await leases.IsCancelRequestedAsync(runId, CancellationToken.None);
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

    private WorkerOrder Order(string specJson) =>
        new(
            JsonNode.Parse(specJson)!,
            options.Data,
            options.ArtifactFolder,
            Path.Combine(options.Lab, "worker.lock"),
            options.Threads,
            options.StopSeconds,
            options.ModelFolder
        );

    private DateTime LeaseEnd() => time.GetUtcNow().UtcDateTime + Lease;
}
