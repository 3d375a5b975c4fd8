using BackdoorLab.Data;

namespace BackdoorLab.Web.Security;

/// <summary>Share links: who makes and ends them.</summary>
public sealed class Shares(Actor actor, Audit audit, ShareStore store)
{
    /// <summary>How many days a link holds unless somebody says otherwise.</summary>
    public const int UsualDays = 30;

    /// <summary>Makes a link and returns its path.</summary>
    public async Task<string> Create(ShareKind kind, IReadOnlyList<string> targets, string title, int days, bool allowDownloads)
    {
        actor.Require(LabRole.Researcher);
        var (id, token) = await store.CreateAsync(kind, targets, title, actor.Name, TimeSpan.FromDays(days), allowDownloads);
        await audit.Add("share", string.Join(',', targets), $"link {id}, {days} days{(allowDownloads ? ", downloads" : "")}");
        return LabUrls.Shared(token);
    }

    /// <summary>Links to one thing.</summary>
    public Task<IReadOnlyList<ShareItem>> To(ShareKind kind, IReadOnlyList<string> targets, CancellationToken cancellation = default)
    {
        actor.Require(LabRole.Researcher);
        return store.ListAsync(kind, targets, cancellation);
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
            await audit.Add("revoke-share", link.Target, $"link {id}");
        }
    }
}
