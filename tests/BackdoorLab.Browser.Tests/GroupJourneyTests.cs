using System.Reflection;
using BackdoorLab.Web;
using Microsoft.AspNetCore.Components;
using Microsoft.Playwright;

namespace BackdoorLab.Browser.Tests;

/// <summary>A group's lab: what each role sees, how it ends, what a share link opens.</summary>
[Trait("Category", "Slow")]
public sealed class GroupJourneyTests(GroupFixture lab) : IClassFixture<GroupFixture>
{
    [SkippableFact]
    public async Task Viewer_Invited_SeesEverythingAndChangesNothing()
    {
        Chromium.SkipIfAbsent();
        await using var admin = await lab.SignedIn("ada");
        await lab.Invite(admin, "vera", "Viewer");
        await using var vera = await lab.SignedIn("vera");

        var navigation = vera.Page.GetByRole(AriaRole.Navigation, new() { Name = "Main" });
        await Assertions.Expect(navigation.GetByRole(AriaRole.Link, new() { Name = "Queue" })).ToBeVisibleAsync();
        await Assertions.Expect(navigation.GetByRole(AriaRole.Link, new() { Name = "New run" })).ToHaveCountAsync(0);
        await Assertions.Expect(navigation.GetByRole(AriaRole.Link, new() { Name = "Accounts" })).ToHaveCountAsync(0);
        await vera.Open($"/runs/{lab.RunId}");
        await Assertions
            .Expect(vera.Page.Locator(".page-head .actions").GetByRole(AriaRole.Button))
            .ToHaveCountAsync(0);
        foreach (var path in new[] { "/runs/new", "/admin/accounts" })
        {
            await vera.Open(path);
            await vera.Heading("Not for your role");
        }

        vera.Watch.Forgive("403");
        vera.Watch.AssertQuiet();
        admin.Watch.AssertQuiet();
    }

    [SkippableFact]
    public async Task User_Disabled_LosesTheOpenWindow()
    {
        Chromium.SkipIfAbsent();
        await using var admin = await lab.SignedIn("ada");
        await lab.Invite(admin, "dora", "Researcher");
        await using var dora = await lab.SignedIn("dora");

        await admin.Open("/admin/accounts");
        await admin.Page.GetByRole(AriaRole.Button, new() { Name = "Disable dora" }).ClickAsync();

        await Assertions.Expect(dora.Page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("/sign-in"));
        await dora.Heading("Sign in");
    }

    [SkippableFact]
    public async Task ShareLink_Opened_ShowsTheRunAndNothingElse()
    {
        Chromium.SkipIfAbsent();
        await using var admin = await lab.SignedIn("ada");
        await admin.Open($"/runs/{lab.RunId}");
        await admin.Page.GetByRole(AriaRole.Button, new() { Name = "Share" }).ClickAsync();
        await admin.Page.GetByRole(AriaRole.Button, new() { Name = "Create link" }).ClickAsync();
        var link = (await admin.Page.Locator(".secret-once code").TextContentAsync())!;

        await using var guest = await Visit.Start(lab.Browser, lab.Server);
        await guest.Open(link);
        await guest.Heading(GroupFixture.Hostile);
        await Assertions.Expect(guest.Page.GetByRole(AriaRole.Navigation, new() { Name = "Main" })).ToHaveCountAsync(0);
        await Assertions
            .Expect(guest.Page.Locator(".page-head .actions").GetByRole(AriaRole.Button))
            .ToHaveCountAsync(0);
        await guest.Page.GetByRole(AriaRole.Link, new() { Name = "Config" }).ClickAsync();
        await Assertions.Expect(guest.Page.GetByText("Settings", new() { Exact = true })).ToBeVisibleAsync();
        await Assertions.Expect(guest.Page.GetByRole(AriaRole.Button, new() { Name = "Download" })).ToHaveCountAsync(0);
        var foreign = await guest.Page.EvaluateAsync<string[]>(
            "[...document.querySelectorAll('main a[href]')].map(a => a.getAttribute('href')).filter(href => !href.startsWith('/s/') && !href.startsWith('#') && !href.startsWith('http'))"
        );
        Assert.Empty(foreign);
        await Assertions.Expect(guest.Page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("/s/"));

        // From inside the circuit, without a new request: the page decides, for whoever is behind the circuit.
        await guest.Page.EvaluateAsync("Blazor.navigateTo('/runs')");
        await Assertions.Expect(guest.Page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("/sign-in"));

        await guest.Open(link);
        await admin.Page.GetByRole(AriaRole.Button, new() { Name = "Withdraw" }).First.ClickAsync();
        await guest.Heading("This link opens nothing any more");
        guest.Watch.Forgive("410");
        guest.Watch.AssertQuiet();
    }

    [SkippableFact]
    public async Task ApiKey_MadeOnThePage_OpensTheApi()
    {
        Chromium.SkipIfAbsent();
        await using var admin = await lab.SignedIn("ada");
        await admin.Open("/account");
        await admin.Page.GetByLabel("What for").FillAsync("nightly");
        await admin.Page.GetByRole(AriaRole.Button, new() { Name = "Create key" }).ClickAsync();
        var key = await admin.Page.Locator(".secret-once code").TextContentAsync();
        await Assertions.Expect(admin.Page.Locator("table.data tbody")).ToContainTextAsync("nightly");

        using var client = new HttpClient { BaseAddress = new Uri(lab.Server.Address) };
        client.DefaultRequestHeaders.Authorization = new("Bearer", key);
        Assert.Contains(
            lab.RunId,
            await client.GetStringAsync(new Uri("/api/v1/runs", UriKind.Relative)),
            StringComparison.Ordinal
        );

        await admin.Page.GetByRole(AriaRole.Button, new() { Name = "Revoke key nightly" }).ClickAsync();
        await Assertions.Expect(admin.Page.GetByText("revoked", new() { Exact = true })).ToBeVisibleAsync();
        using var refused = await client.GetAsync(new Uri("/api/v1/runs", UriKind.Relative));
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, refused.StatusCode);
        admin.Watch.AssertQuiet();
    }

    [SkippableFact]
    public async Task HostileNames_OnEveryPage_AreText()
    {
        Chromium.SkipIfAbsent();
        await using var admin = await lab.SignedIn("ada");
        await using (var stranger = await Visit.Start(lab.Browser, lab.Server))
        {
            // What strangers type at the door ends up in the audit log.
            await stranger.Open("/sign-in");
            await stranger.Page.GetByLabel("User name").FillAsync(GroupFixture.Hostile);
            await stranger.Page.GetByLabel("Password", new() { Exact = true }).FillAsync("whatever it is");
            await stranger.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
            await Assertions.Expect(stranger.Page.GetByRole(AriaRole.Alert)).ToBeVisibleAsync();
            Assert.False(await stranger.Page.EvaluateAsync<bool>("!!window.hacked"));
        }

        foreach (var path in Paths())
        {
            await admin.Open(path);
            Assert.False(
                await admin.Page.EvaluateAsync<bool>("!!window.hacked || !!document.querySelector('img[src=x]')"),
                $"{path} runs what somebody wrote."
            );
        }

        // Some of the addresses lead to what is not there.
        admin.Watch.Forgive("410");
        admin.Watch.Forgive("404");
        admin.Watch.AssertQuiet();
    }

    [SkippableTheory]
    [InlineData(1280, false)]
    [InlineData(390, true)]
    public async Task GroupPages_AtAnyWidth_FitAndShow(int width, bool dark)
    {
        Chromium.SkipIfAbsent();
        await using var visit = await lab.SignedIn("ada", width, dark);
        var folder = Environment.GetEnvironmentVariable("BACKDOORLAB_SCREENSHOTS");
        foreach (
            var (path, name) in new[]
            {
                ("/admin/accounts", "accounts"),
                ("/account", "account"),
                ("/admin/shares", "shares"),
                ("/admin/audit", "audit"),
                ("/sign-out", "sign-out"),
                ("/account/password", "password"),
            }
        )
        {
            await visit.Open(path);
            var excess = await visit.Page.EvaluateAsync<int>(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            );
            Assert.True(excess <= 0, $"{path} is {excess} pixels too wide.");
            if (!string.IsNullOrEmpty(folder))
            {
                await visit.Page.ScreenshotAsync(
                    new() { Path = Path.Combine(folder, $"{name}-{width}-{(dark ? "dark" : "light")}.png") }
                );
            }
        }

        visit.Watch.AssertQuiet();
    }

    private IEnumerable<string> Paths() =>
        from type in typeof(LabUrls).Assembly.GetTypes()
        from route in type.GetCustomAttributes<RouteAttribute>()
        where !route.Template.Contains("{Token}", StringComparison.Ordinal) && route.Template != LabUrls.SignOut
        select route.Template.Replace(
            "{Id}",
            route.Template.StartsWith("/studies", StringComparison.Ordinal) ? lab.StudyId : lab.RunId,
            StringComparison.Ordinal
        );
}
