using System.Diagnostics;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace BackdoorLab.Browser.Tests;

/// <summary>The first minute with the lab: the demo, its progress, and a change of mind.</summary>
[Collection("browser")]
[Trait("Category", "Slow")]
public sealed partial class DemoJourneyTests(LabFixture lab)
{
    // Shown within two seconds on a quiet machine; a test machine is not quiet.
    private const float CancelPatience = 60_000;

    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(60);

    [SkippableFact]
    public async Task Demo_Started_ShowsProgressWithAnEstimateAndCanBeCancelled()
    {
        Chromium.SkipIfAbsent();
        using var server = await LabServer.Start("demo");
        await using var visit = await Visit.Start(lab.Browser, server);

        await visit.Open("/");
        var now = visit.Page.GetByRole(AriaRole.Region, new() { Name = "Now", Exact = true });
        await visit.Tell(() =>
            Assertions.Expect(now.GetByRole(AriaRole.Progressbar)).ToBeVisibleAsync(new() { Timeout = 60_000 })
        );
        await visit.Tell(() =>
            Assertions.Expect(now).ToContainTextAsync(PercentAndEstimate(), new() { Timeout = 60_000 })
        );
        await ProgressGrows(visit, now.GetByRole(AriaRole.Progressbar));

        using var worker = await server.Worker();
        await now.Locator("a.run-card").ClickAsync();
        await visit.Arrive("/runs/[^/?]+");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await Assertions.Expect(RunPage.State(visit)).ToHaveTextAsync(Stopping(), new() { Timeout = CancelPatience });
        Assert.True(worker.WaitForExit(EndPatience), "The worker still runs.");
        await Assertions.Expect(RunPage.State(visit)).ToHaveTextAsync("Cancelled", new() { Timeout = CancelPatience });
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Button, new() { Name = "Resume" })).ToBeVisibleAsync();

        await visit.Open("/queue");
        await Assertions.Expect(visit.Page.Locator("main")).ToContainTextAsync("Idle");
        visit.Watch.AssertQuiet();
    }

    private static async Task ProgressGrows(Visit visit, ILocator bar)
    {
        var clock = Stopwatch.StartNew();
        while (
            int.Parse(
                (await bar.GetAttributeAsync("aria-valuenow"))!,
                System.Globalization.CultureInfo.InvariantCulture
            ) == 0
        )
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(300), "The demo does not advance.");
            await visit.Page.WaitForTimeoutAsync(250);
        }
    }

    [GeneratedRegex(@"\d+% · (about .+|a few seconds) left")]
    private static partial Regex PercentAndEstimate();

    [GeneratedRegex("^(Cancelling|Cancelled)$")]
    private static partial Regex Stopping();
}
