namespace BackdoorLab.Web;

/// <summary>Every address of the dashboard.</summary>
public static class LabUrls
{
    public const string Overview = "/";
    public const string Runs = "/runs";
    public const string Leaderboard = "/leaderboard";
    public const string Comparison = "/compare";
    public const string NewRun = "/runs/new";
    public const string ImportRun = "/runs/import";
    public const string Check = "/check";

    /// <summary>Where model files are sent to.</summary>
    public const string Models = "/models";

    /// <summary>What a page has to send with them.</summary>
    public const string ModelToken = "/models/token";

    public const string Studies = "/studies";
    public const string NewStudy = "/studies/new";
    public const string Queue = "/queue";
    public const string Methods = "/methods";
    public const string Datasets = "/datasets";
    public const string Trash = "/trash";
    public const string NotFound = "/not-found";
    public const string SignIn = "/sign-in";
    public const string SignOut = "/sign-out";
    public const string FirstAdmin = "/first-admin";
    public const string SetPassword = "/set-password";
    public const string ChangePassword = "/account/password";
    public const string Account = "/account";
    public const string Accounts = "/admin/accounts";
    public const string ShareLinks = "/admin/shares";
    public const string AuditLog = "/admin/audit";
    public const string LinkEnded = "/link-ended";
    public const string ApiRoot = "/api";

    /// <summary>A run's page, on one of its tabs.</summary>
    public static string Run(string id, string? tab = null) =>
        tab is null or "" ? $"/runs/{id}" : $"/runs/{id}?tab={tab}";

    /// <summary>A saved view, or a short link to a page's state.</summary>
    public static string View(string id) => $"/v/{id}";

    /// <summary>Runs as a file: the query is that of the run list, or <c>ids</c>.</summary>
    public static string Export(string file) => $"/export/{file}";

    /// <summary>A run as a bundle that another lab can import.</summary>
    public static string Bundle(string runId) => $"/export/runs/{runId}.zip";

    /// <summary>The report of a check: one file for other people.</summary>
    public static string Report(string runId) => $"/export/runs/{runId}/report.html";

    /// <summary>The page for a check, filled with that of a run.</summary>
    public static string CheckAgain(string runId) => $"{Check}?from={runId}";

    /// <summary>A study's page.</summary>
    public static string Study(string id) => $"{Studies}/{id}";

    /// <summary>Runs side by side.</summary>
    public static string Compare(IEnumerable<string> ids) =>
        $"{Comparison}?ids={string.Join(',', ids.Select(Uri.EscapeDataString))}";

    /// <summary>A dashboard's page.</summary>
    public static string Dashboard(string id) => $"/dashboards/{id}";

    /// <summary>The form, filled with a run's spec.</summary>
    public static string Clone(string id) => $"{NewRun}?from={id}";

    /// <summary>The study builder, filled with a run's spec.</summary>
    public static string StudyOf(string runId) => $"{NewStudy}?from={runId}";

    /// <summary>The form, filled with a preset.</summary>
    public static string Preset(string id) => $"{NewRun}?preset={Uri.EscapeDataString(id)}";

    /// <summary>A method's place on the methods page.</summary>
    public static string Method(string id) => $"{Methods}#{Uri.EscapeDataString(id)}";

    /// <summary>A file of the artifact store.</summary>
    public static string Artifact(string stage, string file) =>
        $"/artifacts/{Uri.EscapeDataString(stage)}/{Uri.EscapeDataString(file)}";

    /// <summary>What a share link opens.</summary>
    public static string Shared(string token) => $"/s/{token}";

    /// <summary>An address that may have a query, with more of it.</summary>
    public static string And(string address, params (string Name, object? Value)[] query) =>
        With("", query) is { Length: > 0 } more
            ? address + (address.Contains('?', StringComparison.Ordinal) ? "&" + more[1..] : more)
            : address;

    /// <summary>A page with a query; empty values are left out.</summary>
    public static string With(string path, params (string Name, object? Value)[] query)
    {
        var parts = query
            .Select(pair =>
                (pair.Name, Value: Convert.ToString(pair.Value, System.Globalization.CultureInfo.InvariantCulture))
            )
            .Where(pair => !string.IsNullOrEmpty(pair.Value))
            .Select(pair => $"{pair.Name}={Uri.EscapeDataString(pair.Value!)}")
            .ToList();
        return parts.Count == 0 ? path : $"{path}?{string.Join("&", parts)}";
    }
}
