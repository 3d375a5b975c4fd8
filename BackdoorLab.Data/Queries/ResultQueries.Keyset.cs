using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using BackdoorLab.Data.Filters;
using BackdoorLab.Data.Runs;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Queries;

/// <content>Reading the run list from a place instead of by page number: what scripts do while the list grows.</content>
public sealed partial class ResultQueries
{
    /// <summary>Runs that come after a place, newest first. Runs that are added meanwhile are neither repeated nor do they push others out.</summary>
    /// <param name="filter">Which runs.</param>
    /// <param name="after">The last run that was read, or null for the beginning.</param>
    /// <param name="size">1 to <see cref="MaxPageSize"/>; taken to the nearer end when outside.</param>
    /// <param name="cancellation">Cancellation.</param>
    public async Task<IReadOnlyList<RunItem>> ListAfterAsync(
        RunFilter filter, (DateTime Created, string Id)? after, int size, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await AfterAsync(context, RunFilters.Apply(context, filter), after, Math.Clamp(size, 1, MaxPageSize), cancellation);
    }

    // By key and not by number of rows: a run that arrives meanwhile neither repeats nor hides another.
    private static async Task<IReadOnlyList<RunItem>> AfterAsync(
        LabDbContext context, IQueryable<Run> runs, (DateTime Created, string Id)? after, int size, CancellationToken cancellation)
    {
        if (after is var (created, id))
        {
            runs = runs.Where(run => run.Created < created || (run.Created == created && string.Compare(run.Id, id) < 0));
        }

        var items = await RunFilters.Sort(runs.AsNoTracking(), []).Take(size).Select(RunItems.ToItem).ToListAsync(cancellation);
        return await TaggedAsync(context, items, cancellation);
    }
}
