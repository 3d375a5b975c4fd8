using BackdoorLab.Data;

namespace BackdoorLab.Web.Jobs;

/// <summary>
/// Puts states right. At start: runs whose worker went down with the last process continue from their stages, queued
/// ones are given to jobs again. Later: the same for runs whose lease ran out.
/// </summary>
public sealed class Recovery(
    RunLeases leases,
    RunQueue queue,
    ActiveRuns active,
    DatabaseWatch database,
    RunFeed feed,
    RunOwner owner,
    LabOptions options,
    TimeProvider time,
    ILogger<Recovery> logger
) : BackgroundService
{
    private TimeSpan Interval => TimeSpan.FromSeconds(options.LeaseSeconds / 4.0);

    /// <inheritdoc/>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        // A lab that starts on a locked database waits for it, and says so.
        await database.Write(() => RecoverAsync(owner.Name, cancellationToken), cancellationToken);
        await database.Write(() => leases.RequeueInterruptedAsync(cancellationToken), cancellationToken);
        await queue.DeliverAllAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var slept = time.GetUtcNow();
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            // After the machine was asleep every lease has run out; supervisors get one interval to renew theirs.
            var pause = time.GetUtcNow() - slept;
            slept = time.GetUtcNow();
            if (pause > 2 * Interval)
            {
                continue;
            }

            try
            {
                if (await RecoverAsync(null, stoppingToken))
                {
                    await queue.ResumeInterruptedAsync(stoppingToken);
                }
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                logger.LogError(error, "The search for lost runs failed; it is repeated.");
            }
        }
    }

    private async Task<bool> RecoverAsync(string? lostOwner, CancellationToken cancellation)
    {
        var lost = await leases.RecoverLostAsync(time.GetUtcNow().UtcDateTime, lostOwner, active.Ids, cancellation);
        foreach (var run in lost)
        {
            logger.LogWarning("Run {Run} had lost its worker; it is {State} now.", run.Id, run.State);
            feed.Changed(run.Id);
        }

        return lost.Count > 0;
    }
}
