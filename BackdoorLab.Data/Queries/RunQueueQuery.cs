using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using BackdoorLab.Data.Filters;
using BackdoorLab.Data.Runs;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Queries;

/// <summary>What runs and what waits.</summary>
public sealed class RunQueueQuery(IDbContextFactory<LabDbContext> contexts)
{
    /// <summary>Runs with a worker, the longest running first.</summary>
    public async Task<IReadOnlyList<RunItem>> ActiveAsync(CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context
            .Runs.AsNoTracking()
            .Where(run => run.State == RunState.Running || run.State == RunState.Cancelling)
            .OrderBy(run => run.Started)
            .ThenBy(run => run.Id)
            .Select(RunItems.ToItem)
            .ToListAsync(cancellation);
    }

    /// <summary>Queued runs in the order in which they will start; thousands may wait, so a part of them.</summary>
    /// <param name="skip">How many before are left out.</param>
    /// <param name="count">How many at most.</param>
    public async Task<IReadOnlyList<RunItem>> QueueAsync(
        int skip = 0,
        int count = 25,
        CancellationToken cancellation = default
    )
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await RunFilters
            .InTurn(context.Runs.AsNoTracking())
            .Skip(Math.Max(0, skip))
            .Take(Math.Clamp(count, 1, RunPage.MaxSize))
            .Select(RunItems.ToItem)
            .ToListAsync(cancellation);
    }

    /// <summary>How much is waiting.</summary>
    public async Task<QueueTotals> QueueTotalsAsync(CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context
                .Runs.Where(run => run.State == RunState.Queued && !run.Deleted)
                .GroupBy(_ => 1)
                .Select(runs => new QueueTotals(
                    runs.Count(),
                    runs.Count(run => run.Held),
                    runs.Count(run => run.EstimatedSeconds == null),
                    runs.Sum(run => run.EstimatedSeconds ?? 0)
                ))
                .SingleOrDefaultAsync(cancellation)
            ?? new(0, 0, 0, 0);
    }

    /// <summary>
    /// Median wall time of the last succeeded runs of a configuration, whatever their seed, or null: the best estimate
    /// for the next.
    /// </summary>
    public async Task<double?> EarlierSecondsAsync(string configHash, CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        var seconds = await context
            .Runs.AsNoTracking()
            .Where(run => run.ConfigHash == configHash && run.State == RunState.Succeeded)
            .OrderByDescending(run => run.Ended)
            .Take(25)
            .Select(run => run.ElapsedSeconds)
            .ToListAsync(cancellation);
        seconds.Sort();
        return seconds.Count == 0 ? null : (seconds[(seconds.Count - 1) / 2] + seconds[seconds.Count / 2]) / 2;
    }
}
