using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using BackdoorLab.Data.Filters;
using BackdoorLab.Data.Runs;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Queries;

/// <summary>
/// Runs as lists show them: by filter and page, by place, by id. Of this and every other query: each question has a
/// context of its own and is answered by records, never entities, so the queries may be used from many threads. SQLite
/// works on the calling thread even behind async methods: pages are small by design; wrap an export in <c>Task.Run</c>.
/// </summary>
public sealed class RunListQuery(IDbContextFactory<LabDbContext> contexts)
{
    /// <summary>
    /// A page of the run list. The id is always the last sort key, so pages neither repeat nor skip runs; runs without
    /// the sorted number come last.
    /// </summary>
    /// <param name="sort">Sort keys; none: newest first.</param>
    /// <param name="page">From 0; a page beyond the end is empty.</param>
    /// <param name="size">1 to <see cref="RunPage.MaxSize"/>; taken to the nearer end when outside.</param>
    public async Task<RunPage> ListAsync(
        RunFilter filter,
        IReadOnlyList<RunSortKey> sort,
        int page,
        int size,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(filter);
        page = Math.Max(0, page);
        size = Math.Clamp(size, 1, RunPage.MaxSize);
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await using var snapshot = await context.BeginSnapshotAsync(cancellation);
        var runs = RunFilters.Apply(context, filter).AsNoTracking();
        var total = await runs.CountAsync(cancellation);
        var items = await RunFilters
            .Sort(runs, sort)
            .Skip((int)Math.Min(int.MaxValue, (long)page * size))
            .Take(size)
            .Select(RunItems.ToItem)
            .ToListAsync(cancellation);
        return new RunPage(await RunItems.TaggedAsync(context, items, cancellation), total, page, size);
    }

    /// <summary>
    /// Runs that come after a place, newest first. Runs that are added meanwhile are neither repeated nor do they push
    /// others out.
    /// </summary>
    /// <param name="after">The last run that was read, or null for the beginning.</param>
    /// <param name="size">1 to <see cref="RunPage.MaxSize"/>; taken to the nearer end when outside.</param>
    public async Task<IReadOnlyList<RunItem>> ListAfterAsync(
        RunFilter filter,
        (DateTime Created, string Id)? after,
        int size,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(filter);
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await RunItems.AfterAsync(
            context,
            RunFilters.Apply(context, filter),
            after,
            Math.Clamp(size, 1, RunPage.MaxSize),
            cancellation
        );
    }

    /// <summary>A run as lists show it, or null; also from the trash.</summary>
    public async Task<RunItem?> FindItemAsync(string runId, CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await RunItems.FindAsync(context, runId, cancellation);
    }

    /// <summary>The runs that ended last, whatever way, newest first.</summary>
    /// <param name="count">How many at most.</param>
    public async Task<IReadOnlyList<RunItem>> LatestFinishedAsync(int count, CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context
            .Runs.AsNoTracking()
            .Where(run => !run.Deleted && run.Ended != null)
            .OrderByDescending(run => run.Ended)
            .ThenByDescending(run => run.Id)
            .Take(Math.Clamp(count, 1, RunPage.MaxSize))
            .Select(RunItems.ToItem)
            .ToListAsync(cancellation);
    }

    /// <summary>Runs that have succeeded or failed since a time, newest first.</summary>
    /// <param name="since">UTC.</param>
    /// <param name="count">How many at most.</param>
    public async Task<IReadOnlyList<RunItem>> EndedSinceAsync(
        DateTime since,
        int count,
        CancellationToken cancellation = default
    )
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context
            .Runs.AsNoTracking()
            .Where(run =>
                !run.Deleted && run.Ended > since && (run.State == RunState.Succeeded || run.State == RunState.Failed)
            )
            .OrderByDescending(run => run.Ended)
            .ThenByDescending(run => run.Id)
            .Take(Math.Clamp(count, 1, RunPage.MaxSize))
            .Select(RunItems.ToItem)
            .ToListAsync(cancellation);
    }

    /// <summary>Runs of these configurations outside the trash, newest first.</summary>
    /// <param name="configHashes">Hashes of specs without name and seed.</param>
    public async Task<IReadOnlyList<RunItem>> OfConfigurationsAsync(
        IReadOnlyCollection<string> configHashes,
        CancellationToken cancellation = default
    )
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context
            .Runs.AsNoTracking()
            .Where(run => configHashes.Contains(run.ConfigHash) && !run.Deleted)
            .OrderByDescending(run => run.Created)
            .ThenByDescending(run => run.Id)
            .Select(RunItems.ToItem)
            .ToListAsync(cancellation);
    }
}
