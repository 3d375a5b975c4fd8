using System.Net;
using System.Text.RegularExpressions;

namespace BackdoorLab.Web.Tests.Support;

/// <summary>A browser without scripts: keeps cookies, follows no redirect, fills forms.</summary>
public sealed partial class Visitor : IDisposable
{
    public Visitor(Uri address) =>
        Client = new(new HttpClientHandler { CookieContainer = Cookies, AllowAutoRedirect = false })
        {
            BaseAddress = address,
        };

    public CookieContainer Cookies { get; } = new();

    public HttpClient Client { get; }

    public Task<HttpResponseMessage> Get(string path) => Client.GetAsync(new Uri(path, UriKind.Relative));

    public async Task<HttpStatusCode> Status(string path)
    {
        using var answer = await Get(path);
        return answer.StatusCode;
    }

    /// <summary>Opens a page, then sends its form with these fields.</summary>
    public async Task<HttpResponseMessage> Submit(string path, params (string Name, string Value)[] fields)
    {
        using var page = await Get(path);
        var html = await page.Content.ReadAsStringAsync();
        var hidden = HiddenFields()
            .Matches(html)
            .Select(match => (Name: match.Groups[1].Value, Value: WebUtility.HtmlDecode(match.Groups[2].Value)));
        return await Post(path, [.. hidden, .. fields]);
    }

    public Task<HttpResponseMessage> Post(string path, params (string Name, string Value)[] fields) =>
        Client.PostAsync(
            new Uri(path, UriKind.Relative),
            new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value)))
        );

    public Task<HttpResponseMessage> SignIn(string name, string password, string? returnUrl = null) =>
        Submit(LabUrls.With(LabUrls.SignIn, ("returnUrl", returnUrl)), ("name", name), ("password", password));

    /// <summary>The path that an answer sends the browser to; null when it sends it nowhere.</summary>
    public string? Target(HttpResponseMessage answer)
    {
        if (answer.Headers.Location is not { } location)
        {
            return null;
        }

        var target = new Uri(Client.BaseAddress!, location);
        Assert.Equal(Client.BaseAddress!.Authority, target.Authority);
        return target.PathAndQuery;
    }

    public void Dispose() => Client.Dispose();

    [GeneratedRegex("<input type=\"hidden\" name=\"([^\"]+)\" value=\"([^\"]*)\"")]
    private static partial Regex HiddenFields();
}
