using Microsoft.Playwright;

namespace BackdoorLab.Browser.Tests;

/// <summary>One browser and one lab for all journeys. A machine without a browser has neither.</summary>
public sealed class LabFixture : IAsyncLifetime
{
    private IPlaywright? _playwright;
    private IBrowser? _browser;
    private LabServer? _server;
    private Task<string>? _finished;

    /// <summary>The browser.</summary>
    public IBrowser Browser => _browser!;

    /// <summary>The lab that the journeys share.</summary>
    public LabServer Server => _server!;

    public async Task InitializeAsync()
    {
        if (File.Exists(Chromium.Executable))
        {
            // Long enough for a machine that is busy with something else; what is there is seen at once.
            Assertions.SetDefaultExpectTimeout(60_000);
            _playwright = await Playwright.CreateAsync();
            _browser = await Chromium.Launch(_playwright);
            _server = await LabServer.Start("serve");
        }
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.CloseAsync();
        }

        _playwright?.Dispose();
        _server?.Dispose();
    }

    /// <summary>
    /// The id of a small run that has finished in the shared lab; made through the form when it is first needed, and
    /// looked at while it goes on.
    /// </summary>
    internal Task<string> FinishedRun() => _finished ??= MakeRun();

    private async Task<string> MakeRun()
    {
        await using var visit = await Visit.Start(Browser, Server);
        await NewRunForm.OpenSmall(visit);
        var id = await NewRunForm.Run(visit);

        // The overview stays open while the run goes on: its matrix fills without a reload.
        await visit.Open("/");
        await visit.Tell(() =>
            Assertions
                .Expect(visit.Page.Locator("table.matrix td.heat").First)
                .ToBeVisibleAsync(new() { Timeout = RunPage.RunPatience })
        );
        await visit.Open($"/runs/{id}");
        await RunPage.WaitUntilFinished(visit);
        visit.Watch.AssertQuiet();
        return id;
    }
}
