using System.Net;
using BackdoorLab.Data;
using BackdoorLab.Web.Security;
using BackdoorLab.Web.Tests.Support;

namespace BackdoorLab.Web.Tests.Security;

/// <summary>What other sites and forged requests can do: nothing.</summary>
public sealed class RequestTests
{
    [Theory]
    [InlineData("/runs?state=Failed", "/runs?state=Failed")]
    [InlineData("https://evil.example/", "/")]
    [InlineData("//evil.example/", "/")]
    [InlineData("/\\evil.example/", "/")]
    [InlineData("/\t/evil.example/", "/")]
    [InlineData("javascript:alert(1)", "/")]
    [InlineData("evil.example", "/")]
    [InlineData("", "/")]
    public void ReturnAddress_OfAnyKind_StaysHere(string given, string expected) =>
        Assert.Equal(expected, ReturnAddress.Safe(given));

    [Theory]
    [InlineData("https://evil.example/")]
    [InlineData("//evil.example/")]
    [InlineData("/\\evil.example/")]
    public async Task SignIn_WithForeignReturnUrl_GoesToTheOverview(string returnUrl)
    {
        await using var lab = await GroupLab.StartAsync();
        using var visitor = lab.Visitor();

        using var answer = await visitor.SignIn("viewer", GroupLab.Password, returnUrl);

        Assert.Equal("/", visitor.Target(answer));
    }

    [Fact]
    public async Task Forms_WithoutTheirToken_AreRefused()
    {
        await using var lab = await GroupLab.StartAsync();
        using var nobody = lab.Visitor();
        using var viewer = await lab.Visitor(LabRole.Viewer);

        foreach (
            var (visitor, path, form) in new[]
            {
                (nobody, LabUrls.SignIn, "sign-in"),
                (nobody, LabUrls.FirstAdmin, "first-admin"),
                (nobody, LabUrls.SetPassword, "set-password"),
                (viewer, LabUrls.SignOut, "sign-out"),
                (viewer, LabUrls.ChangePassword, "change-password"),
            }
        )
        {
            using var answer = await visitor.Post(
                path,
                ("_handler", form),
                ("name", "viewer"),
                ("password", GroupLab.Password)
            );
            Assert.True(answer.StatusCode == HttpStatusCode.BadRequest, $"{path} answers {answer.StatusCode}");
        }

        Assert.Equal(HttpStatusCode.OK, await viewer.Status("/"));
    }

    [Theory]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Site", "same-site")]
    [InlineData("Origin", "http://evil.example")]
    [InlineData("Origin", "null")]
    public async Task Request_MadeByAForeignPage_ChangesNothing(string header, string value)
    {
        await using var lab = await TestLab.StartAsync();
        var id = await lab.SubmitAsync();
        using var client = new HttpClient { BaseAddress = lab.Address };

        foreach (
            var (method, path) in new[]
            {
                (HttpMethod.Post, $"/api/v1/runs/{id}/cancel"),
                (HttpMethod.Post, "/_blazor/negotiate?negotiateVersion=1"),
                (HttpMethod.Get, "/_blazor?id=x"),
            }
        )
        {
            using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
            request.Headers.Add(header, value);
            using var answer = await client.SendAsync(request);
            Assert.True(answer.StatusCode == HttpStatusCode.Forbidden, $"{path} answers {answer.StatusCode}");
        }
    }

    [Theory]
    [InlineData("evil.example", HttpStatusCode.BadRequest)]
    [InlineData("192.168.1.5:5080", HttpStatusCode.BadRequest)]
    [InlineData("localhost:5080", HttpStatusCode.OK)]
    [InlineData("[::1]:5080", HttpStatusCode.OK)]
    public async Task LocalLab_AskedByAnotherName_DoesNotAnswer(string host, HttpStatusCode status)
    {
        await using var lab = await TestLab.StartAsync();
        using var client = new HttpClient { BaseAddress = lab.Address };
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/runs", UriKind.Relative));
        request.Headers.Host = host;

        using var answer = await client.SendAsync(request);

        Assert.Equal(status, answer.StatusCode);
    }

    [Theory]
    [InlineData("/sign-in")]
    [InlineData("/")]
    [InlineData("/api/v1/runs")]
    [InlineData("/s/none")]
    [InlineData("/no/such/page")]
    [InlineData("/css/lab.css")]
    public async Task Answer_OfAnyKind_CarriesTheHeaders(string path)
    {
        await using var lab = await GroupLab.StartAsync(withAccounts: false);
        using var visitor = lab.Visitor();

        using var answer = await visitor.Get(path);

        Assert.Contains(
            "frame-ancestors 'none'",
            Assert.Single(answer.Headers.GetValues("Content-Security-Policy")),
            StringComparison.Ordinal
        );
        Assert.DoesNotContain(
            "unsafe-eval",
            Assert.Single(answer.Headers.GetValues("Content-Security-Policy")),
            StringComparison.Ordinal
        );
        foreach (
            var header in (string[])
                [
                    "X-Content-Type-Options",
                    "Referrer-Policy",
                    "Cross-Origin-Opener-Policy",
                    "Cross-Origin-Resource-Policy",
                    "Permissions-Policy",
                ]
        )
        {
            Assert.Single(answer.Headers.GetValues(header));
        }
    }

    [Fact]
    public async Task Cookie_OfASession_IsForThisSiteAndNoScript()
    {
        await using var lab = await GroupLab.StartAsync();
        using var visitor = lab.Visitor();
        using var answer = await visitor.SignIn("viewer", GroupLab.Password);

        var cookie = Assert.Single(
            answer.Headers.GetValues("Set-Cookie"),
            text => text.StartsWith("backdoorlab=", StringComparison.Ordinal)
        );

        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=lax", cookie, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Cookies_BehindAProxyWithHttps_AreSecureWhereTheProxyIsBelieved(bool believed)
    {
        await using var lab = await GroupLab.StartAsync(options => options.Proxy = believed ? "127.0.0.1" : "");
        using var visitor = lab.Visitor();
        visitor.Client.DefaultRequestHeaders.Add("X-Forwarded-Proto", "https");

        using var page = await visitor.Get(LabUrls.SignIn);

        var cookie = Assert.Single(page.Headers.GetValues("Set-Cookie"));
        Assert.Equal(believed, cookie.Contains("; secure", StringComparison.OrdinalIgnoreCase));
    }
}
