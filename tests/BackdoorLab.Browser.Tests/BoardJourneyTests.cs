using BackdoorLab.Data;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace BackdoorLab.Browser.Tests;

/// <summary>From the leaderboard to a run and to a comparison, on a lab with three seeds.</summary>
[Collection("browser")]
[Trait("Category", "Slow")]
public sealed class BoardJourneyTests(LabFixture lab) : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("backdoorlab-board-");
    private LabServer? _server;

    public async Task InitializeAsync()
    {
        if (!File.Exists(Chromium.Executable))
        {
            return;
        }

        var artifacts = Directory.CreateDirectory(Path.Combine(_folder.FullName, "artifacts")).FullName;
        await using (
            var services = new ServiceCollection()
                .AddLabData(Path.Combine(_folder.FullName, "lab.db"))
                .BuildServiceProvider()
        )
        {
            await services.GetRequiredService<LabDatabase>().MigrateAsync();
            var samples = new SampleRuns(services, artifacts);
            for (var seed = 1; seed <= 3; seed++)
            {
                await samples.Finished(Presets.Demo.Spec with { Seed = seed }, 0.02 * (seed - 2));
            }
        }

        _server = await LabServer.Start("serve", _folder.FullName);
    }

    public Task DisposeAsync()
    {
        _server?.Dispose();
        _folder.Delete(recursive: true);
        return Task.CompletedTask;
    }

    [SkippableFact]
    public async Task LeaderboardCell_Opened_LeadsToItsRun()
    {
        Chromium.SkipIfAbsent();
        await using var visit = await Visit.Start(lab.Browser, _server!);

        await visit.Open("/");
        await visit
            .Page.GetByRole(AriaRole.Navigation, new() { Name = "Main" })
            .GetByRole(AriaRole.Link, new() { Name = "Leaderboard" })
            .ClickAsync();
        await visit.Heading("Leaderboard");
        await RunPage.Charts(visit, 1);
        await visit.Page.Locator("table.board button.cell").Filter(new() { HasText = "n = 3" }).First.ClickAsync();
        await visit
            .Page.GetByRole(AriaRole.Dialog)
            .GetByRole(AriaRole.Link, new() { Name = Presets.Demo.Spec.Name })
            .First.ClickAsync();

        await visit.Arrive(@"/runs/[0-9a-z]{12}\?tab=defenses");
        await visit.Heading(Presets.Demo.Spec.Name);
        visit.Watch.AssertQuiet();
    }

    [SkippableFact]
    public async Task TopThree_OfACell_AreCompared()
    {
        Chromium.SkipIfAbsent();
        await using var visit = await Visit.Start(lab.Browser, _server!);

        await visit.Open("/leaderboard");
        await visit.Page.Locator("table.board button.cell").Filter(new() { HasText = "n = 3" }).First.ClickAsync();
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "Compare top 3" }).ClickAsync();

        await visit.Heading("Compare 3 runs");
        await Assertions.Expect(visit.Page.Locator("table.compare").First.Locator("tbody tr")).ToHaveCountAsync(1);
        await Assertions.Expect(visit.Page.Locator(".delta.worse").First).ToContainTextAsync("▼");
        await Assertions.Expect(visit.Page.Locator(".parallel polyline")).ToHaveCountAsync(3);
        await RunPage.Charts(visit, 1);
        await visit.Page.Locator(".strips img").First.ScrollIntoViewIfNeededAsync();
        visit.Watch.AssertQuiet();
    }
}
