using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using BackdoorLab.Data.Filters;
using BackdoorLab.Data.Runs;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Queries;

/// <summary>
/// All reads. Each query has a context of its own and returns records, never entities, so the queries may be used from many threads.
/// SQLite works on the calling thread even behind async methods: pages are small by design; wrap an export in <c>Task.Run</c>.
/// </summary>
/// <param name="contexts">Makes contexts.</param>
public sealed partial class ResultQueries(IDbContextFactory<LabDbContext> contexts)
{
    /// <summary>Largest page of the run list.</summary>
    public const int MaxPageSize = 500;

    /// <summary>
    /// A page of the run list. The id is always the last sort key, so pages neither repeat nor skip runs; runs without the sorted
    /// number come last.
    /// </summary>
    /// <param name="filter">Which runs.</param>
    /// <param name="sort">Sort keys; none: newest first.</param>
    /// <param name="page">From 0; a page beyond the end is empty.</param>
    /// <param name="size">1 to <see cref="MaxPageSize"/>; taken to the nearer end when outside.</param>
    /// <param name="cancellation">Cancellation.</param>
    public async Task<RunPage> ListAsync(
        RunFilter filter, IReadOnlyList<RunSortKey> sort, int page, int size, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        page = Math.Max(0, page);
        size = Math.Clamp(size, 1, MaxPageSize);
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await using var snapshot = await context.BeginSnapshotAsync(cancellation);
        var runs = RunFilters.Apply(context, filter).AsNoTracking();
        var total = await runs.CountAsync(cancellation);
        var items = await RunFilters.Sort(runs, sort)
            .Skip((int)Math.Min(int.MaxValue, (long)page * size))
            .Take(size)
            .Select(RunItems.ToItem)
            .ToListAsync(cancellation);
        return new RunPage(await TaggedAsync(context, items, cancellation), total, page, size);
    }

    /// <summary>Ids of all runs that match, newest first: for a bulk action on a filter.</summary>
    /// <param name="filter">Which runs.</param>
    /// <param name="cancellation">Cancellation.</param>
    public async Task<IReadOnlyList<string>> ListIdsAsync(RunFilter filter, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await RunFilters.Sort(RunFilters.Apply(context, filter).AsNoTracking(), [])
            .Select(run => run.Id)
            .ToListAsync(cancellation);
    }

    /// <summary>A run as lists show it, or null; also from the trash.</summary>
    /// <param name="runId">Run.</param>
    /// <param name="cancellation">Cancellation.</param>
    public async Task<RunItem?> FindItemAsync(string runId, CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return (await TaggedAsync(context, await context.Runs.AsNoTracking().Where(run => run.Id == runId).Select(RunItems.ToItem).ToListAsync(cancellation), cancellation))
            .SingleOrDefault();
    }

    /// <summary>Runs with a worker, the longest running first.</summary>
    /// <param name="cancellation">Cancellation.</param>
    public async Task<IReadOnlyList<RunItem>> ActiveAsync(CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context.Runs.AsNoTracking()
            .Where(run => run.State == RunState.Running || run.State == RunState.Cancelling)
            .OrderBy(run => run.Started).ThenBy(run => run.Id)
            .Select(RunItems.ToItem)
            .ToListAsync(cancellation);
    }

    /// <summary>Queued runs in the order in which they will start; thousands may wait, so a part of them.</summary>
    /// <param name="skip">How many before are left out.</param>
    /// <param name="count">How many at most.</param>
    /// <param name="cancellation">Cancellation.</param>
    public async Task<IReadOnlyList<RunItem>> QueueAsync(int skip = 0, int count = 25, CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await RunFilters.InTurn(context.Runs.AsNoTracking())
            .Skip(Math.Max(0, skip))
            .Take(Math.Clamp(count, 1, MaxPageSize))
            .Select(RunItems.ToItem)
            .ToListAsync(cancellation);
    }

    /// <summary>How much is waiting.</summary>
    /// <param name="cancellation">Cancellation.</param>
    public async Task<QueueTotals> QueueTotalsAsync(CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context.Runs.Where(run => run.State == RunState.Queued && !run.Deleted).GroupBy(_ => 1)
            .Select(runs => new QueueTotals(
                runs.Count(), runs.Count(run => run.Held), runs.Count(run => run.EstimatedSeconds == null), runs.Sum(run => run.EstimatedSeconds ?? 0)))
            .SingleOrDefaultAsync(cancellation) ?? new(0, 0, 0, 0);
    }

    /// <summary>The runs that ended last, whatever way, newest first.</summary>
    /// <param name="count">How many at most.</param>
    /// <param name="cancellation">Cancellation.</param>
    public async Task<IReadOnlyList<RunItem>> LatestFinishedAsync(int count, CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context.Runs.AsNoTracking()
            .Where(run => !run.Deleted && run.Ended != null)
            .OrderByDescending(run => run.Ended).ThenByDescending(run => run.Id)
            .Take(Math.Clamp(count, 1, MaxPageSize))
            .Select(RunItems.ToItem)
            .ToListAsync(cancellation);
    }

    /// <summary>Runs that have succeeded or failed since a time, newest first.</summary>
    /// <param name="since">UTC.</param>
    /// <param name="count">How many at most.</param>
    /// <param name="cancellation">Cancellation.</param>
    public async Task<IReadOnlyList<RunItem>> EndedSinceAsync(DateTime since, int count, CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context.Runs.AsNoTracking()
            .Where(run => !run.Deleted && run.Ended > since && (run.State == RunState.Succeeded || run.State == RunState.Failed))
            .OrderByDescending(run => run.Ended).ThenByDescending(run => run.Id)
            .Take(Math.Clamp(count, 1, MaxPageSize))
            .Select(RunItems.ToItem)
            .ToListAsync(cancellation);
    }

    /// <summary>Number of runs outside the trash by state; every state is present.</summary>
    /// <param name="cancellation">Cancellation.</param>
    public async Task<IReadOnlyDictionary<RunState, int>> CountsAsync(CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        var counts = await context.Runs.AsNoTracking()
            .Where(run => !run.Deleted)
            .GroupBy(run => run.State)
            .Select(group => new { State = group.Key, Count = group.Count() })
            .ToDictionaryAsync(row => row.State, row => row.Count, cancellation);
        return Enum.GetValues<RunState>().ToDictionary(state => state, state => counts.GetValueOrDefault(state));
    }

    /// <summary>What the filters can offer.</summary>
    /// <param name="cancellation">Cancellation.</param>
    public async Task<FilterValues> FilterValuesAsync(CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        var combinations = await context.Runs.AsNoTracking()
            .Where(run => !run.Deleted)
            .Select(run => new { run.Dataset, run.Model, run.Attack })
            .Distinct()
            .ToListAsync(cancellation);
        return new FilterValues(
            [.. combinations.Select(run => run.Dataset).Distinct().Order(StringComparer.Ordinal)],
            [.. combinations.Select(run => run.Model).Distinct().Order(StringComparer.Ordinal)],
            [.. combinations.Select(run => run.Attack).Distinct().Order(StringComparer.Ordinal)]);
    }

    /// <summary>
    /// Median wall time of the last succeeded runs of a configuration, whatever their seed, or null: the best estimate for the next.
    /// </summary>
    /// <param name="configHash">Hash of the spec without name and seed.</param>
    /// <param name="cancellation">Cancellation.</param>
    public async Task<double?> EarlierSecondsAsync(string configHash, CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        var seconds = await context.Runs.AsNoTracking()
            .Where(run => run.ConfigHash == configHash && run.State == RunState.Succeeded)
            .OrderByDescending(run => run.Ended)
            .Take(25)
            .Select(run => run.ElapsedSeconds)
            .ToListAsync(cancellation);
        seconds.Sort();
        return seconds.Count == 0 ? null : (seconds[(seconds.Count - 1) / 2] + seconds[seconds.Count / 2]) / 2;
    }
}
