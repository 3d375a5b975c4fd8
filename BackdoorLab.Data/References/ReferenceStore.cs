using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.References;

/// <summary>Published values: their import, and what a leaderboard shows of them.</summary>
public sealed class ReferenceStore(IDbContextFactory<LabDbContext> contexts, TimeProvider time)
{
    // Entities the context tracks at once: a file of a whole benchmark has 15,000 rows.
    private const int Portion = 2000;

    /// <summary>Writes a file's rows in place of those of an earlier file of the same name, all or none.</summary>
    public async Task ReplaceAsync(
        string source,
        IEnumerable<ReferenceRow> rows,
        CancellationToken cancellation = default
    )
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(source);
        ArgumentNullException.ThrowIfNull(rows);
        var now = time.GetUtcNow().UtcDateTime;
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellation);
        await context.ReferenceValues.Where(value => value.Source == source).ExecuteDeleteAsync(cancellation);
        foreach (var portion in rows.Chunk(Portion))
        {
            context.ReferenceValues.AddRange(
                portion.Select(row => new ReferenceValue
                {
                    Dataset = row.Dataset,
                    Model = row.Model,
                    Attack = row.Attack,
                    Defense = row.Defense,
                    PoisonRate = row.PoisonRate,
                    CleanAccuracy = row.CleanAccuracy,
                    AttackSuccessRate = row.AttackSuccessRate,
                    RobustAccuracy = row.RobustAccuracy,
                    Source = source,
                    Imported = now,
                })
            );
            await context.SaveChangesAsync(cancellation);
            context.ChangeTracker.Clear();
        }

        await transaction.CommitAsync(cancellation);
    }

    /// <summary>Takes a file's rows out; returns how many there were.</summary>
    public async Task<int> RemoveAsync(string source, CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context.ReferenceValues.Where(value => value.Source == source).ExecuteDeleteAsync(cancellation);
    }

    /// <summary>The imported files by name.</summary>
    public async Task<IReadOnlyList<ReferenceSource>> SourcesAsync(CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context
            .ReferenceValues.AsNoTracking()
            .GroupBy(value => value.Source)
            .OrderBy(group => group.Key)
            .Select(group => new ReferenceSource(group.Key, group.Count(), group.Max(value => value.Imported)))
            .ToListAsync(cancellation);
    }

    /// <summary>Published values of a data set, network and poison rate, by source, attack and defense.</summary>
    public async Task<IReadOnlyList<ReferenceRow>> FindAsync(
        string dataset,
        string model,
        double poisonRate,
        CancellationToken cancellation = default
    )
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context
            .ReferenceValues.AsNoTracking()
            .Where(value => value.Dataset == dataset && value.Model == model && value.PoisonRate == poisonRate)
            .OrderBy(value => value.Source)
            .ThenBy(value => value.Attack)
            .ThenBy(value => value.Defense)
            .Select(value => new ReferenceRow(
                value.Dataset,
                value.Model,
                value.Attack,
                value.Defense,
                value.PoisonRate,
                value.CleanAccuracy,
                value.AttackSuccessRate,
                value.RobustAccuracy,
                value.Source
            ))
            .ToListAsync(cancellation);
    }
}
