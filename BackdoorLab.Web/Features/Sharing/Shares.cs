using BackdoorLab.Data;
using BackdoorLab.Engine.Core;
using BackdoorLab.Web.Security;
using BackdoorLab.Web.Shared.Addresses;

namespace BackdoorLab.Web.Features.Sharing;

/// <summary>Share links: who makes and ends them.</summary>
public sealed class Shares(Actor actor, Audit audit, ShareStore store)
{
    /// <summary>How many days a link holds unless somebody says otherwise.</summary>
    public const int UsualDays = 30;

    /// <summary>Makes a link and returns its path.</summary>
    /// <param name="kind">What it opens.</param>
    /// <param name="targets">Ids; of a view the query string of its page.</param>
    /// <param name="title">Words for people.</param>
    /// <param name="days">How long it holds.</param>
    /// <param name="allowDownloads">Whether its receiver may take files away.</param>
    /// <exception cref="ArgumentException">The view would open every run, or has a condition that is not
    /// understood.</exception>
    public async Task<string> Create(
        ShareKind kind,
        IReadOnlyList<string> targets,
        string title,
        int days,
        bool allowDownloads
    )
    {
        actor.Require(LabRole.Researcher);
        var (id, token) = await store.CreateAsync(
            kind,
            Stored(kind, targets),
            PersonText.ShareTitle.Fit(title),
            actor.Name,
            TimeSpan.FromDays(days),
            allowDownloads
        );
        await audit.Add(
            "share",
            kind == ShareKind.View ? title : string.Join(',', targets),
            $"link {id}, {days} days{(allowDownloads ? ", downloads" : "")}"
        );
        return LabUrls.Shared(token);
    }

    /// <summary>Links to one thing.</summary>
    public Task<IReadOnlyList<ShareItem>> To(
        ShareKind kind,
        IReadOnlyList<string> targets,
        CancellationToken cancellation = default
    )
    {
        actor.Require(LabRole.Researcher);
        return store.ListAsync(kind, Stored(kind, targets), cancellation);
    }

    /// <summary>All links.</summary>
    public Task<IReadOnlyList<ShareItem>> All(CancellationToken cancellation = default)
    {
        actor.Require(LabRole.Admin);
        return store.ListAsync(cancellation);
    }

    /// <summary>Ends a link.</summary>
    public async Task Revoke(string id)
    {
        actor.Require(LabRole.Researcher);
        if (await store.RevokeAsync(id) is { } link)
        {
            await audit.Add("revoke-share", link.Kind == ShareKind.View ? link.Title : link.Target, $"link {id}");
        }
    }

    private static IReadOnlyList<string> Stored(ShareKind kind, IReadOnlyList<string> targets) =>
        kind == ShareKind.View ? [RunListState.Read(targets[0]).ToShare().Write()] : targets;
}
