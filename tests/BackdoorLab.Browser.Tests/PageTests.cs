using BackdoorLab.Web.Shared.Words;
using Microsoft.Playwright;

namespace BackdoorLab.Browser.Tests;

/// <summary>Every page on a desk and on a phone, by mouse and by keyboard.</summary>
[Collection("browser")]
[Trait("Category", "Slow")]
public sealed class PageTests(LabFixture lab)
{
    private const int Desk = 1280;
    private const int Phone = 390;

    private static readonly (string Path, string Heading)[] Pages =
    [
        ("/", "Overview"),
        ("/runs", "Runs"),
        ("/runs/new", "New run"),
        ("/leaderboard", "Leaderboard"),
        ("/compare", "Compare"),
        ("/methods", "Methods"),
        ("/datasets", "Data sets"),
        ("/queue", "Queue"),
    ];

    /// <summary>Pages that no entry of the navigation names.</summary>
    private static readonly (string Path, string Heading)[] Inner =
    [
        ("/runs?group=configuration", "Runs"),
        ("/runs/import", "Import a run"),
        ("/studies", "Studies"),
        ("/studies/new", "New study"),
        ("/trash", "Trash"),
        ("/admin/shares", "Share links"),
        ("/admin/audit", "Audit log"),
    ];

    private static readonly string[] Tabs =
    [
        "",
        "?tab=defenses",
        "?tab=training",
        "?tab=images",
        "?tab=log",
        "?tab=config",
        "?tab=provenance",
    ];

    [SkippableTheory]
    [InlineData(Desk, false)]
    [InlineData(Phone, true)]
    public async Task Pages_AtAnyWidth_FitTheWindowAndRaiseNoError(int width, bool dark)
    {
        Chromium.SkipIfAbsent();
        var id = await lab.FinishedRun();
        await using var visit = await Visit.Start(lab.Browser, lab.Server, width, 844, dark);

        foreach (var (path, heading) in Pages.Concat(Inner))
        {
            await visit.Open(path);
            await visit.Heading(heading);
            await Fits(visit);
        }

        foreach (var tab in Tabs)
        {
            await visit.Open($"/runs/{id}{tab}");
            await Fits(visit);
        }

        visit.Watch.AssertQuiet();
    }

    [SkippableFact]
    public async Task UnknownAddress_ShowsAWayBack()
    {
        Chromium.SkipIfAbsent();
        await using var visit = await Visit.Start(lab.Browser, lab.Server);

        await visit.Open("/no/such/page");
        await visit.Heading("There is nothing at this address");
        visit.Watch.Forgive("404");
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "To the overview" }).ClickAsync();
        await visit.Heading("Overview");

        await visit.Open("/runs/no-such-run");
        await visit.Heading("Run not found");
        visit.Watch.Forgive("404");
        visit.Watch.AssertQuiet();
    }

    [SkippableTheory]
    [InlineData(Desk)]
    [InlineData(Phone)]
    public async Task Navigation_ReachesEveryPage(int width)
    {
        Chromium.SkipIfAbsent();
        await using var visit = await Visit.Start(lab.Browser, lab.Server, width, 844);
        await visit.Open("/");

        foreach (var (path, heading) in Pages.Skip(1))
        {
            var link = visit
                .Page.GetByRole(AriaRole.Navigation, new() { Name = "Main" })
                .GetByRole(AriaRole.Link, new() { Name = heading, Exact = true });
            if (width == Phone)
            {
                // Closed until it is asked for; otherwise it covers the page.
                await Assertions.Expect(link).Not.ToBeInViewportAsync();
                await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Navigation" }).ClickAsync();
            }

            await Assertions.Expect(link).ToBeInViewportAsync();
            await link.ClickAsync();
            await visit.Arrive(path);
            await visit.Heading(heading);
        }

        visit.Watch.AssertQuiet();
    }

    [SkippableFact]
    public async Task Navigation_OfAWindowThatIsWidened_StandsBesideThePage()
    {
        Chromium.SkipIfAbsent();
        await using var visit = await Visit.Start(lab.Browser, lab.Server, Phone, 844);
        await visit.Open("/runs");
        var heading = visit.Page.Locator("main h1");
        var drawer = visit.Page.Locator(".mud-drawer");
        await Assertions.Expect(drawer).Not.ToBeInViewportAsync();

        await visit.Page.SetViewportSizeAsync(Desk, 844);
        await Assertions.Expect(drawer).ToBeInViewportAsync();
        await Assertions.Expect(visit.Page.Locator(".mud-drawer-open-persistent-left").First).ToBeVisibleAsync();
        await visit.Page.WaitForFunctionAsync(
            "() => document.querySelector('main h1').getBoundingClientRect().left >= document.querySelector('.mud-drawer').getBoundingClientRect().right"
        );

        await visit.Page.SetViewportSizeAsync(Phone, 844);
        await Assertions.Expect(drawer).Not.ToBeInViewportAsync();
        await Assertions.Expect(heading).ToBeInViewportAsync();
        visit.Watch.AssertQuiet();
    }

    [SkippableFact]
    public async Task Theme_ChosenDark_StaysDarkAfterReload()
    {
        Chromium.SkipIfAbsent();
        await using var visit = await Visit.Start(lab.Browser, lab.Server);
        await visit.Open("/");
        Assert.True(await Brightness(visit) > 200, "The light theme is not light.");

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Colours" }).ClickAsync();
        await visit.Page.GetByText("Dark", new() { Exact = true }).ClickAsync();
        await Assertions.Expect(visit.Page.Locator("html")).ToHaveAttributeAsync("data-theme", "dark");
        Assert.True(await Brightness(visit) < 60, "The dark theme is not dark.");

        await visit.Page.ReloadAsync();
        await visit.Heading();
        await Assertions.Expect(visit.Page.Locator("html")).ToHaveAttributeAsync("data-theme", "dark");
        Assert.True(await Brightness(visit) < 60, "The dark theme did not last.");
        visit.Watch.AssertQuiet();
    }

    [SkippableFact]
    public async Task Keyboard_OpensHelpAndForm_AndFocusIsSeen()
    {
        Chromium.SkipIfAbsent();
        await using var visit = await Visit.Start(lab.Browser, lab.Server);
        await visit.Open("/");

        for (var step = 0; step < 12; step++)
        {
            await visit.Page.Keyboard.PressAsync("Tab");
            await Focus.AssertSeen(visit, $"Step {step}");
        }

        await visit.Page.Keyboard.PressAsync("?");
        var help = visit.Page.GetByRole(AriaRole.Dialog);
        await Assertions.Expect(help).ToContainTextAsync("Search runs");
        await Assertions.Expect(help).ToContainTextAsync("Compare the chosen runs");
        await Assertions
            .Expect(
                help.Locator("xpath=ancestor-or-self::*[contains(@class, 'mud-dialog-container')]").Locator(":focus")
            )
            .ToHaveCountAsync(1);
        await visit.Page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(help).ToHaveCountAsync(0);

        await visit.Page.Keyboard.PressAsync("n");
        await visit.Arrive("/runs/new");
        await visit.Heading("New run");
        // A machine that is busy with a run may hold the second key back until the pair has expired; people press again
        // then.
        for (var attempt = 0; attempt < 60 && !visit.Page.Url.EndsWith("/queue", StringComparison.Ordinal); attempt++)
        {
            await visit.Page.Keyboard.PressAsync("g");
            await visit.Page.Keyboard.PressAsync("q");
            await visit.Page.WaitForTimeoutAsync(500);
        }

        await visit.Arrive("/queue");
        visit.Watch.AssertQuiet();
    }

    /// <summary>
    /// The script counts the seconds of a live run; its words must not jump when a rendering brings the dashboard's.
    /// </summary>
    [SkippableFact]
    public async Task Clock_InTheBrowser_WordsTimeAsTheDashboardDoes()
    {
        Chromium.SkipIfAbsent();
        double[] seconds =
        [
            0.4,
            3.24,
            9.9,
            42,
            59.4,
            59.9,
            60,
            200.3,
            540,
            599.8,
            1800,
            3569,
            3600,
            7520,
            86399,
            90_000,
        ];
        await using var visit = await Visit.Start(lab.Browser, lab.Server);
        await visit.Open("/");

        var words = await visit.Page.EvaluateAsync<string[]>(
            """
            seconds => new Promise(told => {
              const clocks = seconds.map(value => {
                const clock = document.body.appendChild(document.createElement("span"));
                [clock.dataset.elapsed, clock.textContent] = [value, "not yet"];
                return clock;
              });
              new MutationObserver(() => told(clocks.map(clock => clock.textContent))).observe(clocks.at(-1), { characterData: true, subtree: true });
            })
            """,
            seconds
        );

        Assert.Equal(seconds.Select(TimeWords.Duration), words);
        visit.Watch.AssertQuiet();
    }

    // The page itself never scrolls sideways; wide tables scroll in their own box.
    private static async Task Fits(Visit visit)
    {
        var excess = await visit.Page.EvaluateAsync<int>(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        );
        Assert.True(excess <= 0, $"{visit.Page.Url} is {excess} pixels too wide.");
    }

    private static Task<double> Brightness(Visit visit) =>
        visit.Page.EvaluateAsync<double>(
            "() => getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/g).slice(0, 3).map(Number).reduce((sum, part) => sum + part) / 3"
        );
}
