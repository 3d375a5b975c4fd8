using System.Linq.Expressions;
using BackdoorLab.Data.Accounts;
using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using BackdoorLab.Data.Filters;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Sharing;

/// <summary>
/// Share links: made, found by their token, revoked. Knows which runs a link reaches; nothing else is behind it.
/// </summary>
public sealed class ShareStore(IDbContextFactory<LabDbContext> contexts, TimeProvider time)
{
    private static readonly Expression<Func<ShareLink, ShareItem>> ToItem = link => new ShareItem
    {
        Id = link.Id,
        Kind = link.Kind,
        Target = link.Target,
        Title = link.Title,
        CreatedBy = link.CreatedBy,
        Created = link.Created,
        Expires = link.Expires,
        Revoked = link.Revoked,
        AllowDownloads = link.AllowDownloads,
        Opened = link.Opened,
        LastOpened = link.LastOpened,
    };

    private DateTime Now => time.GetUtcNow().UtcDateTime;

    /// <summary>Makes a link and returns its token, which cannot be had again.</summary>
    /// <param name="kind">What it opens.</param>
    /// <param name="targets">
    /// Ids, one unless it is a comparison; a view as <see cref="SharedView.Write"/> has it.
    /// </param>
    /// <param name="createdBy">Who makes it.</param>
    /// <param name="life">How long it holds.</param>
    /// <param name="allowDownloads">Whether its receiver may take files away.</param>
    public async Task<(string Id, string Token)> CreateAsync(
        ShareKind kind,
        IReadOnlyList<string> targets,
        string title,
        string createdBy,
        TimeSpan life,
        bool allowDownloads,
        CancellationToken cancellation = default
    )
    {
        ArgumentOutOfRangeException.ThrowIfZero(targets.Count);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(life, TimeSpan.Zero);
        var token = Secret.New();
        var link = new ShareLink
        {
            Id = RunIds.New(),
            TokenHash = Secret.Hash(token),
            Kind = kind,
            Target = string.Join(',', targets),
            Title = title,
            CreatedBy = createdBy,
            Created = Now,
            Expires = Now + life,
            AllowDownloads = allowDownloads,
        };
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        context.ShareLinks.Add(link);
        await context.SaveChangesAsync(cancellation);
        return (link.Id, token);
    }

    /// <summary>The link of a token while it holds, or null.</summary>
    /// <param name="token">What stood in the address.</param>
    public async Task<ShareItem?> FindOpenAsync(string token, CancellationToken cancellation = default)
    {
        var (hash, now) = (Secret.Hash(token), Now);
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context
            .ShareLinks.AsNoTracking()
            .Where(link => link.TokenHash == hash && link.Revoked == null && link.Expires > now)
            .Select(ToItem)
            .SingleOrDefaultAsync(cancellation);
    }

    /// <summary>Whether a token is that of a link, also of one that has ended.</summary>
    /// <param name="token">What stood in the address.</param>
    public async Task<bool> WasOpenAsync(string token, CancellationToken cancellation = default)
    {
        var hash = Secret.Hash(token);
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context.ShareLinks.AnyAsync(link => link.TokenHash == hash, cancellation);
    }

    /// <summary>Counts an opening.</summary>
    public async Task CountAsync(string id, CancellationToken cancellation = default)
    {
        var now = Now;
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await context
            .ShareLinks.Where(link => link.Id == id)
            .ExecuteUpdateAsync(
                set =>
                    set.SetProperty(link => link.Opened, link => link.Opened + 1)
                        .SetProperty(link => link.LastOpened, now),
                cancellation
            );
    }

    /// <summary>Ends a link; returns what it opened, or null when it had ended or is unknown.</summary>
    public async Task<ShareItem?> RevokeAsync(string id, CancellationToken cancellation = default)
    {
        var now = Now;
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        var ended = await context
            .ShareLinks.Where(link => link.Id == id && link.Revoked == null)
            .ExecuteUpdateAsync(set => set.SetProperty(link => link.Revoked, now), cancellation);
        return ended == 0
            ? null
            : await context
                .ShareLinks.AsNoTracking()
                .Where(link => link.Id == id)
                .Select(ToItem)
                .SingleAsync(cancellation);
    }

    /// <summary>Links to one thing, newest first, also those that have ended.</summary>
    /// <param name="kind">What they open.</param>
    /// <param name="targets">Its ids.</param>
    public Task<IReadOnlyList<ShareItem>> ListAsync(
        ShareKind kind,
        IReadOnlyList<string> targets,
        CancellationToken cancellation = default
    )
    {
        var target = string.Join(',', targets);
        return ListAsync(links => links.Where(link => link.Kind == kind && link.Target == target), cancellation);
    }

    /// <summary>All links, newest first, also those that have ended.</summary>
    public Task<IReadOnlyList<ShareItem>> ListAsync(CancellationToken cancellation = default) =>
        ListAsync(links => links, cancellation);

    /// <summary>The study behind a dashboard and the dashboard's name, or null.</summary>
    public async Task<(string StudyId, string Name)?> DashboardAsync(
        string dashboardId,
        CancellationToken cancellation = default
    )
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        var found = await context
            .Dashboards.Where(dashboard => dashboard.Id == dashboardId && !dashboard.Deleted)
            .Select(dashboard => new { dashboard.StudyId, dashboard.Name })
            .SingleOrDefaultAsync(cancellation);
        return found is null ? null : (found.StudyId, found.Name);
    }

    /// <summary>Whether a run can be seen through a link. Runs and studies in the trash cannot.</summary>
    public async Task<bool> ReachesAsync(ShareItem link, string runId, CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await Reached(context, link).AnyAsync(run => run.Id == runId, cancellation);
    }

    /// <summary>Those of some runs that can be seen through a link, in their order.</summary>
    public async Task<IReadOnlyList<string>> ReachedAsync(
        ShareItem link,
        IReadOnlyCollection<string> runIds,
        CancellationToken cancellation = default
    )
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        var reached = await Reached(context, link)
            .Where(run => runIds.Contains(run.Id))
            .Select(run => run.Id)
            .ToListAsync(cancellation);
        return [.. runIds.Where(reached.Contains)];
    }

    /// <summary>Whether a file belongs to a run that can be seen through a link.</summary>
    public async Task<bool> ReachesAsync(
        ShareItem link,
        string stage,
        string file,
        CancellationToken cancellation = default
    )
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        var runs = Reached(context, link);
        return await context.Artifacts.AnyAsync(
            artifact => artifact.Stage == stage && artifact.File == file && runs.Any(run => run.Id == artifact.RunId),
            cancellation
        );
    }

    private static IQueryable<Run> Reached(LabDbContext context, ShareItem link)
    {
        var targets = link.Targets;
        var runs = context.Runs.Where(run => !run.Deleted);
        return link.Kind switch
        {
            ShareKind.Run or ShareKind.Comparison => runs.Where(run => targets.Contains(run.Id)),
            ShareKind.Study => runs.Where(run =>
                context.Studies.Any(study => study.Id == run.StudyId && !study.Deleted && targets.Contains(study.Id))
            ),
            ShareKind.View => SharedView.Read(link.Target) is { } view
                ? RunFilters.Apply(context, view.Filter)
                : runs.Where(run => false),
            _ => runs.Where(run =>
                context.Studies.Any(study => study.Id == run.StudyId && !study.Deleted)
                && context.Dashboards.Any(dashboard =>
                    dashboard.StudyId == run.StudyId && !dashboard.Deleted && targets.Contains(dashboard.Id)
                )
            ),
        };
    }

    private async Task<IReadOnlyList<ShareItem>> ListAsync(
        Func<IQueryable<ShareLink>, IQueryable<ShareLink>> which,
        CancellationToken cancellation
    )
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await which(context.ShareLinks.AsNoTracking())
            .OrderByDescending(link => link.Created)
            .ThenBy(link => link.Id)
            .Select(ToItem)
            .ToListAsync(cancellation);
    }
}
