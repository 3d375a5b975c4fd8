using Microsoft.Playwright;

namespace BackdoorLab.Browser.Tests;

/// <summary>A fresh browser profile with one page on a dashboard, watched from the first request.</summary>
internal sealed class Visit : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private readonly LabServer _server;

    private Visit(IBrowserContext context, LabServer server, Watch watch, IPage page) =>
        (_context, _server, Watch, Page) = (context, server, watch, page);

    public IPage Page { get; }

    public Watch Watch { get; }

    /// <param name="browser">Browser.</param>
    /// <param name="server">Dashboard.</param>
    /// <param name="width">Width of the window in pixels.</param>
    /// <param name="height">Height of the window in pixels.</param>
    /// <param name="dark">What the operating system asks for.</param>
    public static async Task<Visit> Start(
        IBrowser browser,
        LabServer server,
        int width = 1280,
        int height = 900,
        bool dark = false
    )
    {
        var context = await browser.NewContextAsync(
            new()
            {
                BaseURL = server.Address,
                ViewportSize = new() { Width = width, Height = height },
                DeviceScaleFactor = 1,
                ColorScheme = dark ? ColorScheme.Dark : ColorScheme.Light,
                ReducedMotion = ReducedMotion.Reduce,
                Locale = "en-GB",
            }
        );
        context.SetDefaultTimeout(60_000);
        var watch = await Watch.Over(context, server.Address);
        return new Visit(context, server, watch, await context.NewPageAsync());
    }

    /// <summary>Opens a page and waits for its heading: the connection is up and the first data are there.</summary>
    public async Task Open(string path)
    {
        await Page.GotoAsync(path);
        await Heading();
    }

    /// <summary>Waits until the page has its heading and shows no placeholder of something that loads.</summary>
    /// <param name="text">What the heading says; any heading when null.</param>
    public async Task Heading(string? text = null)
    {
        var heading = Page.Locator("main h1");
        await Assertions.Expect(heading).ToHaveCountAsync(1);
        if (text is not null)
        {
            await Assertions.Expect(heading).ToHaveTextAsync(text);
        }

        await Assertions.Expect(Page.Locator("main .mud-skeleton")).ToHaveCountAsync(0);
    }

    /// <summary>Waits until the address ends in the form of <paramref name="pattern"/>.</summary>
    public Task Arrive(string pattern) => Page.WaitForURLAsync(new System.Text.RegularExpressions.Regex(pattern + "$"));

    /// <summary>Adds what browser and server said to a failure that would otherwise be a mere timeout.</summary>
    public async Task Tell(Func<Task> step)
    {
        try
        {
            await step();
        }
        catch (Exception error) when (error is PlaywrightException or TimeoutException)
        {
            throw new Xunit.Sdk.XunitException(
                $"{error.Message}\nat {Page.Url}\nThe browser said:\n{Watch.Heard}\nThe dashboard said:\n{_server.Output}"
            );
        }
    }

    public async ValueTask DisposeAsync() => await _context.CloseAsync();
}
