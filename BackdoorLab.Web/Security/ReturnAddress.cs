namespace BackdoorLab.Web.Security;

/// <summary>Where to go after signing in: only ever a page of this lab.</summary>
public static class ReturnAddress
{
    /// <summary><paramref name="given"/> if it is a path of this site, else the overview.</summary>
    public static string Safe(string? given) =>
        // A browser reads "//host" and "/\host" as another host, and drops control characters before it reads.
        given is ['/', ..]
        && !(given.Length > 1 && given[1] is '/' or '\\')
        && !given.Any(char.IsControl)
        && !given.Contains('\\', StringComparison.Ordinal)
            ? given
            : LabUrls.Overview;
}
