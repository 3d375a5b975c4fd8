using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data;

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
        var runs = RunFilters.Apply(context, filter).AsNoTracking();
        if (after is var (created, id))
        {
            runs = runs.Where(run => run.Created < created || (run.Created == created && run.Id.CompareTo(id) < 0));
        }

        var items = await runs.OrderByDescending(run => run.Created).ThenByDescending(run => run.Id)
            .Take(Math.Clamp(size, 1, MaxPageSize))
            .Select(RunFilters.ToItem)
            .ToListAsync(cancellation);
        return await TaggedAsync(context, items, cancellation);
    }
}
