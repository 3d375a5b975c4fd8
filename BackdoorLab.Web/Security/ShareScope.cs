using BackdoorLab.Data;

namespace BackdoorLab.Web.Security;

/// <summary>
/// Cascades to everything under a share link: parts of runs and studies then change nothing and link to nothing
/// outside. Absent (null) on the pages of the lab, so that a component asks it for addresses in both places.
/// </summary>
/// <param name="Token">Token of the link.</param>
public sealed record ShareScope(string Token, ShareItem Link);

/// <summary>Addresses and rights inside and outside a share link.</summary>
public static class ShareScopeLinks
{
    /// <summary>A run's page, on one of its tabs.</summary>
    public static string Run(this ShareScope? share, string id, string? tab = null) =>
        share is null ? LabUrls.Run(id, tab) : LabUrls.With(LabUrls.Shared(share.Token), ("run", id), ("tab", tab));

    /// <summary>Runs side by side.</summary>
    public static string Compare(this ShareScope? share, IEnumerable<string> ids) =>
        share is null
            ? LabUrls.Compare(ids)
            : LabUrls.With(LabUrls.Shared(share.Token), ("compare", string.Join(',', ids)));

    /// <summary>A file of the artifact store.</summary>
    public static string Artifact(this ShareScope? share, string stage, string file) =>
        share is null ? LabUrls.Artifact(stage, file) : LabUrls.Shared(share.Token) + LabUrls.Artifact(stage, file);

    /// <summary>A run as a bundle.</summary>
    public static string Bundle(this ShareScope? share, string id) =>
        share is null ? LabUrls.Bundle(id) : LabUrls.Shared(share.Token) + LabUrls.Bundle(id);

    /// <summary>The report of a check.</summary>
    public static string Report(this ShareScope? share, string id) =>
        share is null ? LabUrls.Report(id) : LabUrls.Shared(share.Token) + LabUrls.Report(id);

    /// <summary>Whether files may be taken away.</summary>
    public static bool MayDownload(this ShareScope? share) => share?.Link.AllowDownloads ?? true;
}
