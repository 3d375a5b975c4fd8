using Microsoft.Playwright;

namespace BackdoorLab.Browser.Tests;

/// <summary>
/// The pictures of <c>docs/images</c>. They are written into the folder that <c>BACKDOORLAB_SCREENSHOTS</c> names, else
/// into one that is thrown away; with <c>BACKDOORLAB_SCREENSHOT_LAB</c> they show the newest finished run of that lab,
/// otherwise the small run of these tests.
/// </summary>
[Collection("browser")]
[Trait("Category", "Screenshots")]
[Trait("Category", "Slow")]
public sealed class ScreenshotTests(LabFixture lab) : IDisposable
{
    // A page without its content is far smaller than this.
    private const int LeastBytes = 15_000;

    private static readonly string? Wanted = Environment.GetEnvironmentVariable("BACKDOORLAB_SCREENSHOTS");
    private static readonly string? Shown = Environment.GetEnvironmentVariable("BACKDOORLAB_SCREENSHOT_LAB");

    private readonly string _folder = string.IsNullOrEmpty(Wanted)
        ? Directory.CreateTempSubdirectory("backdoorlab-screenshots-").FullName
        : Directory.CreateDirectory(Wanted).FullName;

    public void Dispose()
    {
        if (string.IsNullOrEmpty(Wanted))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Screenshots_OfAFinishedRun_AreWritten(bool dark)
    {
        Chromium.SkipIfAbsent();
        using var own = string.IsNullOrEmpty(Shown) ? null : await LabServer.Start("serve", Shown);
        var server = own ?? lab.Server;
        var id = own is null ? await lab.FinishedRun() : await NewestFinished(server);
        var theme = dark ? "dark" : "light";

        await using var desk = await Visit.Start(lab.Browser, server, dark: dark);
        await desk.Open("/?metric=attack-success-rate");
        await desk.Open("/");
        await RunPage.Charts(desk, 1);
        await Save(desk, $"overview-{theme}");
        await desk.Open($"/runs/{id}");
        await RunPage.Charts(desk, 1);
        await Save(desk, $"run-{theme}");
        await desk.Open($"/runs/{id}?tab=defenses");
        await RunPage.Charts(desk, 1);
        await Save(desk, $"run-defenses-{theme}");
        await desk.Open("/leaderboard");
        await Save(desk, $"leaderboard-{theme}");
        await desk.Open("/runs");
        await Save(desk, $"runs-{theme}");
        await desk.Open("/runs/new?preset=demo");
        await Assertions.Expect(desk.Page.Locator("aside .gallery img")).ToHaveCountAsync(3);
        await Save(desk, $"new-run-{theme}");
        if (own is not null && await FirstStudy(desk) is { } study)
        {
            await desk.Open(study);
            await RunPage.Charts(desk, 1);
            await Save(desk, $"study-{theme}");
        }

        desk.Watch.AssertQuiet();
        if (!dark)
        {
            await using var phone = await Visit.Start(lab.Browser, server, 390, 844);
            await phone.Open("/");
            await RunPage.Charts(phone, 1);
            await Save(phone, "overview-narrow");
            phone.Watch.AssertQuiet();
        }
    }

    private async Task<string> NewestFinished(LabServer server)
    {
        await using var visit = await Visit.Start(lab.Browser, server);
        await visit.Open("/runs?state=Succeeded");
        var link = visit.Page.Locator(".lab-grid tbody a[href^='/runs/']").First;
        return (await link.GetAttributeAsync("href"))!.Split('/')[^1];
    }

    private static async Task<string?> FirstStudy(Visit visit)
    {
        await visit.Open("/studies");
        var link = visit.Page.Locator("main td a[href^='/studies/']").First;
        return await link.CountAsync() == 0 ? null : await link.GetAttributeAsync("href");
    }

    private async Task Save(Visit visit, string name)
    {
        // Opened by address, so nothing is hovered; the heading has the focus of a new page.
        await visit.Page.EvaluateAsync("document.fonts.ready.then(() => true)");
        await visit.Page.WaitForTimeoutAsync(400);
        var file = Path.Combine(_folder, name + ".png");
        await visit.Page.ScreenshotAsync(new() { Path = file, Animations = ScreenshotAnimations.Disabled });
        Assert.True(
            new FileInfo(file).Length > LeastBytes,
            $"{name} has only {new FileInfo(file).Length} bytes: is the page empty?"
        );
        if (Environment.GetEnvironmentVariable("BACKDOORLAB_SCREENSHOTS_WHOLE") == "1")
        {
            await visit.Page.ScreenshotAsync(
                new()
                {
                    Path = Path.Combine(_folder, name + "-whole.png"),
                    FullPage = true,
                    Animations = ScreenshotAnimations.Disabled,
                }
            );
        }
    }
}
