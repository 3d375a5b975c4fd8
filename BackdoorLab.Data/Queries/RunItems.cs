using System.Linq.Expressions;
using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using BackdoorLab.Data.Filters;
using BackdoorLab.Data.Runs;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Queries;

/// <summary>Runs as lists show them.</summary>
internal static class RunItems
{
    /// <summary>What of a run's row lists show; the tags are in a table of their own.</summary>
    public static readonly Expression<Func<Run, RunItem>> ToItem = run => new RunItem
    {
        Id = run.Id,
        Name = run.Name,
        State = run.State,
        Dataset = run.Dataset,
        Model = run.Model,
        Attack = run.Attack,
        PoisonRate = run.PoisonRate,
        PoisonedImages = run.PoisonedImages,
        PoisonedShare = run.PoisonedShare,
        TargetLabel = run.TargetLabel,
        Seed = run.Seed,
        StudyId = run.StudyId,
        ConfigHash = run.ConfigHash,
        ConditionKey = run.ConditionKey,
        BackdooredDamage = run.BackdooredDamage,
        BenignDamage = run.BenignDamage,
        Created = run.Created,
        Queued = run.Queued,
        Started = run.Started,
        Ended = run.Ended,
        Attempt = run.Attempt,
        MaxAttempts = run.MaxAttempts,
        CancelRequested = run.CancelRequested,
        Heartbeat = run.Heartbeat,
        Phase = run.Phase,
        Fraction = run.Fraction,
        EtaSeconds = run.EtaSeconds,
        Error = run.Error,
        EstimatedSeconds = run.EstimatedSeconds,
        ElapsedSeconds = run.ElapsedSeconds,
        CleanAccuracy = run.CleanAccuracy,
        AttackSuccessRate = run.AttackSuccessRate,
        Owner = run.Owner,
        Priority = run.Priority,
        Held = run.Held,
        Archived = run.Archived,
        Deleted = run.Deleted,
        DeletedAt = run.DeletedAt,
        Version = run.Version,
    };

    /// <summary>A run with its tags, or null.</summary>
    public static async Task<RunItem?> FindAsync(LabDbContext context, string runId, CancellationToken cancellation)
    {
        var found = await context
            .Runs.AsNoTracking()
            .Where(run => run.Id == runId)
            .Select(ToItem)
            .ToListAsync(cancellation);
        return (await TaggedAsync(context, found, cancellation)).SingleOrDefault();
    }

    /// <summary>The same runs with their tags.</summary>
    public static async Task<IReadOnlyList<RunItem>> TaggedAsync(
        LabDbContext context,
        IReadOnlyList<RunItem> runs,
        CancellationToken cancellation
    )
    {
        var ids = runs.Select(run => run.Id).ToList();
        var tags = (
            await context
                .RunTags.AsNoTracking()
                .Where(tag => ids.Contains(tag.RunId))
                .OrderBy(tag => tag.Tag)
                .ToListAsync(cancellation)
        ).ToLookup(tag => tag.RunId, tag => tag.Tag);
        return [.. runs.Select(run => tags.Contains(run.Id) ? run with { Tags = [.. tags[run.Id]] } : run)];
    }

    /// <summary>
    /// Runs that come after a place, newest first. By key and not by number of rows: a run that arrives meanwhile
    /// neither repeats nor hides another.
    /// </summary>
    public static async Task<IReadOnlyList<RunItem>> AfterAsync(
        LabDbContext context,
        IQueryable<Run> runs,
        (DateTime Created, string Id)? after,
        int size,
        CancellationToken cancellation
    )
    {
        if (after is var (created, id))
        {
            runs = runs.Where(run =>
                run.Created < created || (run.Created == created && string.Compare(run.Id, id) < 0)
            );
        }

        var items = await RunFilters.Sort(runs.AsNoTracking(), []).Take(size).Select(ToItem).ToListAsync(cancellation);
        return await TaggedAsync(context, items, cancellation);
    }
}
