using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using BackdoorLab.Data.Filters;
using BackdoorLab.Data.Notes;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Runs;

/// <summary>What is done to many runs at once: tags, the archive, the trash.</summary>
public sealed class RunBulk(IDbContextFactory<LabDbContext> contexts, TimeProvider time)
{
    /// <summary>Adds and removes tags and returns how many runs were chosen.</summary>
    /// <param name="add">Tags to add, in the form of <see cref="TagText"/>.</param>
    /// <param name="remove">Tags to remove.</param>
    public async Task<int> TagAsync(
        RunSelection selection,
        IReadOnlyCollection<string> add,
        IReadOnlyCollection<string> remove,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(selection);
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellation);
        var runs = RunFilters.Apply(context, selection);

        // Read before the change: a filter may ask for the very tag that goes.
        var ids = await runs.Select(run => run.Id).ToListAsync(cancellation);
        await context
            .RunTags.Where(tag => remove.Contains(tag.Tag) && ids.Contains(tag.RunId))
            .ExecuteDeleteAsync(cancellation);
        var present = (
            await context
                .RunTags.AsNoTracking()
                .Where(tag => add.Contains(tag.Tag) && ids.Contains(tag.RunId))
                .ToListAsync(cancellation)
        )
            .Select(tag => (tag.RunId, tag.Tag))
            .ToHashSet();
        context.ChangeTracker.AutoDetectChangesEnabled = false;
        context.RunTags.AddRange(
            from id in ids
            from tag in add
            where !present.Contains((id, tag))
            select new RunTag { RunId = id, Tag = tag }
        );
        await context.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return ids.Count;
    }

    /// <summary>Puts runs out of the way of the usual lists, or back, and returns how many changed.</summary>
    /// <param name="archived">Out of the way, or back.</param>
    public async Task<int> ArchiveAsync(RunSelection selection, bool archived, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(selection);
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await RunFilters
            .Apply(context, selection)
            .Where(run => run.Archived != archived)
            .ExecuteUpdateAsync(
                set =>
                    set.SetProperty(run => run.Archived, archived)
                        .SetProperty(run => run.Version, run => run.Version + 1),
                cancellation
            );
    }

    /// <summary>
    /// Moves runs to the trash. Queued and interrupted ones are cancelled; running ones are left alone (cancel them
    /// first). Returns the ids that were moved.
    /// </summary>
    public async Task<IReadOnlyList<string>> DeleteAsync(
        RunSelection selection,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(selection);
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellation);
        var ids = await RunFilters
            .Apply(context, selection)
            .Where(run => !run.Deleted && run.State != RunState.Running && run.State != RunState.Cancelling)
            .Select(run => run.Id)
            .ToListAsync(cancellation);
        var now = time.GetUtcNow().UtcDateTime;
        var chosen = context.Runs.Where(run => ids.Contains(run.Id));
        await chosen
            .Where(run => run.State == RunState.Queued || run.State == RunState.Interrupted)
            .ExecuteUpdateAsync(
                set =>
                    set.SetProperty(run => run.State, RunState.Cancelled)
                        .SetProperty(run => run.CancelRequested, true)
                        .SetProperty(run => run.Ended, now)
                        .SetProperty(run => run.EtaSeconds, (double?)null)
                        .SetProperty(run => run.LeaseOwner, (string?)null)
                        .SetProperty(run => run.LeaseUntil, (DateTime?)null),
                cancellation
            );
        await chosen.ExecuteUpdateAsync(
            set =>
                set.SetProperty(run => run.Deleted, true)
                    .SetProperty(run => run.DeletedAt, now)
                    .SetProperty(run => run.Version, run => run.Version + 1),
            cancellation
        );
        await transaction.CommitAsync(cancellation);
        return ids;
    }

    /// <summary>Takes runs out of the trash and returns how many.</summary>
    /// <param name="selection">Runs; a filter must be one of the trash.</param>
    public async Task<int> RestoreAsync(RunSelection selection, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(selection);
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await RunFilters
            .Apply(context, selection)
            .Where(run => run.Deleted)
            .ExecuteUpdateAsync(
                set =>
                    set.SetProperty(run => run.Deleted, false)
                        .SetProperty(run => run.DeletedAt, (DateTime?)null)
                        .SetProperty(run => run.Version, run => run.Version + 1),
                cancellation
            );
    }

    /// <summary>
    /// Removes runs in the trash for good, with all their rows, and says what no run names any more: such files may go.
    /// </summary>
    /// <param name="selection">Runs; a filter must be one of the trash.</param>
    public async Task<PurgedRuns> PurgeAsync(RunSelection selection, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(selection);
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellation);
        var ids = await RunFilters
            .Apply(context, selection)
            .Where(run => run.Deleted)
            .Select(run => run.Id)
            .ToListAsync(cancellation);
        var freed = await NamedFiles.FreedAsync(context, ids, cancellation);
        await context
            .Notes.Where(note => note.Kind == NoteSubject.Run && ids.Contains(note.SubjectId))
            .ExecuteDeleteAsync(cancellation);
        var removed = await context.Runs.Where(run => ids.Contains(run.Id)).ExecuteDeleteAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return new(removed, freed);
    }
}

/// <summary>What a purge did.</summary>
/// <param name="Runs">Runs removed.</param>
/// <param name="Freed">Files that no run names any more.</param>
public sealed record PurgedRuns(int Runs, FreedFiles Freed);
