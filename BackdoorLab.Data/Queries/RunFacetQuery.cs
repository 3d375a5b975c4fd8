using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Queries;

/// <summary>What occurs in runs, for filters to offer and overviews to count.</summary>
public sealed class RunFacetQuery(IDbContextFactory<LabDbContext> contexts)
{
    /// <summary>Number of runs outside the trash by state; every state is present.</summary>
    public async Task<IReadOnlyDictionary<RunState, int>> CountsAsync(CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        var counts = await context
            .Runs.AsNoTracking()
            .Where(run => !run.Deleted)
            .GroupBy(run => run.State)
            .Select(group => new { State = group.Key, Count = group.Count() })
            .ToDictionaryAsync(row => row.State, row => row.Count, cancellation);
        return Enum.GetValues<RunState>().ToDictionary(state => state, state => counts.GetValueOrDefault(state));
    }

    /// <summary>What the filters can offer.</summary>
    public async Task<FilterValues> FilterValuesAsync(CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        var combinations = await context
            .Runs.AsNoTracking()
            .Where(run => !run.Deleted)
            .Select(run => new
            {
                run.Dataset,
                run.Model,
                run.Attack,
            })
            .Distinct()
            .ToListAsync(cancellation);
        return new FilterValues(
            [.. combinations.Select(run => run.Dataset).Distinct().Order(StringComparer.Ordinal)],
            [.. combinations.Select(run => run.Model).Distinct().Order(StringComparer.Ordinal)],
            [.. combinations.Select(run => run.Attack).Distinct().Order(StringComparer.Ordinal)]
        );
    }

    /// <summary>Tags in use with the number of runs outside the trash that bear them, most used first.</summary>
    public async Task<IReadOnlyList<TagCount>> TagsAsync(CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        var tags = await context
            .RunTags.AsNoTracking()
            .Where(tag => context.Runs.Any(run => run.Id == tag.RunId && !run.Deleted))
            .GroupBy(tag => tag.Tag)
            .Select(group => new { Tag = group.Key, Runs = group.Count() })
            .OrderByDescending(tag => tag.Runs)
            .ThenBy(tag => tag.Tag)
            .ToListAsync(cancellation);
        return [.. tags.Select(tag => new TagCount(tag.Tag, tag.Runs))];
    }
}
