using Microsoft.Playwright;

namespace BackdoorLab.Browser.Tests;

/// <summary>
/// Hears everything that should not happen in a browser: errors in the console and in scripts, violated policy, failed
/// requests, requests to other hosts.
/// </summary>
internal sealed class Watch
{
    // A page's policy reports go to the console anyway; this makes the words the same in every version of the browser.
    private const string PolicyReports =
        "document.addEventListener('securitypolicyviolation', e => console.error(`policy: ${e.violatedDirective} blocked ${e.blockedURI || 'inline'}`))";

    private readonly Uri _home;
    private readonly List<string> _faults = [];

    private Watch(string home) => _home = new Uri(home);

    public static async Task<Watch> Over(IBrowserContext context, string home)
    {
        var watch = new Watch(home);
        await context.AddInitScriptAsync(PolicyReports);
        context.Console += (_, message) =>
            watch.Hear(message.Type == "error", $"console: {message.Text} ({message.Location})");
        context.WebError += (_, error) => watch.Hear(true, $"script: {error.Error}");
        context.Request += (_, request) => watch.CheckHost(request.Url);
        context.Page += (_, page) => page.WebSocket += (_, socket) => watch.CheckHost(socket.Url);
        context.RequestFailed += (_, request) =>
            watch.Hear(!IsLeaving(request), $"request: {request.Url} {request.Failure}");
        context.Response += (_, response) =>
            watch.Hear(response.Status >= 400, $"answer {response.Status}: {response.Url}");
        return watch;
    }

    /// <summary>Everything that was heard, a line each.</summary>
    public string Heard
    {
        get
        {
            lock (_faults)
            {
                return string.Join('\n', _faults);
            }
        }
    }

    /// <summary>Fails with everything that was heard.</summary>
    public void AssertQuiet() => Assert.True(Heard.Length == 0, Heard);

    /// <summary>Takes back what was heard and is meant to be, such as the status of an unknown address.</summary>
    /// <returns>How much that was.</returns>
    public int Forgive(string words)
    {
        lock (_faults)
        {
            return _faults.RemoveAll(fault => fault.Contains(words, StringComparison.Ordinal));
        }
    }

    // A browser that leaves a page drops what is still under way, the farewell to the server among it.
    private static bool IsLeaving(IRequest request) =>
        request.Failure == "net::ERR_ABORTED"
        && (request.Url.Contains("/_blazor", StringComparison.Ordinal) || request.ResourceType is "image" or "font");

    private void CheckHost(string url)
    {
        var target = new Uri(url);
        Hear(target.Scheme is not ("data" or "blob") && target.Authority != _home.Authority, $"other host: {url}");
    }

    private void Hear(bool wrong, string fault)
    {
        if (wrong)
        {
            lock (_faults)
            {
                _faults.Add(fault);
            }
        }
    }
}
