using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Studies;

/// <summary>
/// Arrangements of charts, tables and text over a study. What the parts mean, the face knows; here they are JSON.
/// </summary>
public sealed class DashboardStore(IDbContextFactory<LabDbContext> contexts, TimeProvider time)
{
    /// <summary>Longest arrangement, in characters.</summary>
    public const int MaxLength = 500_000;

    /// <summary>Writes a new dashboard.</summary>
    /// <param name="studyId">The study it is over.</param>
    /// <param name="owner">Who makes it; empty in a lab without accounts.</param>
    public async Task<DashboardItem> CreateAsync(
        string studyId,
        string name,
        string partsJson,
        string owner,
        CancellationToken cancellation = default
    )
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        var dashboard = new Dashboard
        {
            Id = RunIds.New(),
            StudyId = studyId,
            Name = name,
            PartsJson = Checked(partsJson),
            Owner = owner,
            EditedBy = owner,
            Edited = time.GetUtcNow().UtcDateTime,
            Version = 1,
        };
        context.Dashboards.Add(dashboard);
        await context.SaveChangesAsync(cancellation);
        return Item(dashboard);
    }

    /// <summary>A dashboard, or null; also a deleted one.</summary>
    public async Task<DashboardItem?> FindAsync(string id, CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return
            await context.Dashboards.AsNoTracking().SingleOrDefaultAsync(dashboard => dashboard.Id == id, cancellation)
                is { } found
            ? Item(found)
            : null;
    }

    /// <summary>Dashboards of a study, by name.</summary>
    public async Task<IReadOnlyList<DashboardItem>> ListAsync(string studyId, CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        var all = await context
            .Dashboards.AsNoTracking()
            .Where(dashboard => dashboard.StudyId == studyId && !dashboard.Deleted)
            .OrderBy(dashboard => dashboard.Name)
            .ThenBy(dashboard => dashboard.Id)
            .ToListAsync(cancellation);
        return [.. all.Select(Item)];
    }

    /// <summary>
    /// Saves a dashboard over the version its author read; null when somebody else had saved meanwhile, and nothing is
    /// changed then.
    /// </summary>
    /// <param name="version">The version the author read.</param>
    /// <param name="author">Name to show; empty in a lab without accounts.</param>
    public async Task<DashboardItem?> SaveAsync(
        string id,
        long version,
        string name,
        string partsJson,
        string author,
        CancellationToken cancellation = default
    )
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellation);
        if (
            await context.Dashboards.SingleOrDefaultAsync(
                dashboard => dashboard.Id == id && dashboard.Version == version,
                cancellation
            )
            is not { } dashboard
        )
        {
            return null;
        }

        (dashboard.Name, dashboard.PartsJson, dashboard.EditedBy, dashboard.Edited) = (
            name,
            Checked(partsJson),
            author,
            time.GetUtcNow().UtcDateTime
        );
        dashboard.Version++;
        await context.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return Item(dashboard);
    }

    /// <summary>Deletes a dashboard, or takes it back. False when there is none.</summary>
    /// <param name="deleted">Delete, or take back.</param>
    public async Task<bool> DeleteAsync(string id, bool deleted, CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context
                .Dashboards.Where(dashboard => dashboard.Id == id)
                .ExecuteUpdateAsync(set => set.SetProperty(dashboard => dashboard.Deleted, deleted), cancellation) > 0;
    }

    private static string Checked(string partsJson) =>
        partsJson.Length <= MaxLength
            ? partsJson
            : throw new ArgumentException(
                $"A dashboard has {MaxLength} characters at most; this one has {partsJson.Length}.",
                nameof(partsJson)
            );

    private static DashboardItem Item(Dashboard dashboard) =>
        new(
            dashboard.Id,
            dashboard.StudyId,
            dashboard.Name,
            dashboard.PartsJson,
            dashboard.Owner,
            dashboard.EditedBy,
            dashboard.Edited,
            dashboard.Deleted,
            dashboard.Version
        );
}

/// <summary>A dashboard.</summary>
/// <param name="Id">Id.</param>
/// <param name="StudyId">The study it is over.</param>
/// <param name="Name">Name.</param>
/// <param name="PartsJson">Its parts.</param>
/// <param name="Owner">Who made it; empty in a lab without accounts.</param>
/// <param name="EditedBy">Who saved it last.</param>
/// <param name="Edited">When, UTC.</param>
/// <param name="Deleted">Whether it is deleted.</param>
/// <param name="Version">Give it back when saving.</param>
public sealed record DashboardItem(
    string Id,
    string StudyId,
    string Name,
    string PartsJson,
    string Owner,
    string EditedBy,
    DateTime Edited,
    bool Deleted,
    long Version
);
