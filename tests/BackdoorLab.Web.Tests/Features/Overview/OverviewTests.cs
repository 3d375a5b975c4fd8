using BackdoorLab.Data;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Features.Overview;
using BackdoorLab.Web.Tests.Support;
using Bunit;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Web.Tests.Features.Overview;

public sealed class OverviewTests : IAsyncLifetime
{
    private readonly LabContext _lab = new();

    public Task InitializeAsync() => _lab.InitializeAsync();

    public Task DisposeAsync() => ((IAsyncLifetime)_lab).DisposeAsync();

    [Fact]
    public async Task Overview_NoRuns_OffersTheDemoAndQueuesIt()
    {
        var page = _lab.Open<OverviewPage>("/");
        page.WaitForAssertion(() => Assert.Contains("No runs yet", page.Markup, StringComparison.Ordinal));
        Assert.Contains(
            page.FindAll("a"),
            link => link.TextContent.Trim() == "New run" && link.GetAttribute("href") == "/runs/new"
        );

        await page.InvokeAsync(() =>
            page.FindAll("button")
                .Single(button => button.TextContent.Trim() == "Run the 3-minute demo")
                .ClickAsync(new())
        );

        page.WaitForAssertion(() => Assert.Matches("/runs/[0-9a-z]{12}$", _lab.Address));
        var queued = Assert.Single(await _lab.Queue.QueueAsync());
        Assert.Equal(Presets.Demo.Spec.Name, queued.Name);
        Assert.Single(_lab.Jobs.Created);
    }

    [Fact]
    public async Task Overview_ThreeSeeds_ShowsMeanSpreadAndN()
    {
        await _lab.Samples.Finished(Presets.Demo.Spec);
        await _lab.Samples.Finished(Presets.Demo.Spec with { Seed = 2 }, 0.02);
        await _lab.Samples.Finished(Presets.Demo.Spec with { Seed = 3 }, -0.02);

        var page = _lab.Open<OverviewPage>("/?metric=sample-detection-rate");

        // STRIP detects 93 %, 95 % and 91 % at FP32: mean 93, sample standard deviation 2.
        page.WaitForAssertion(() => Assert.Equal("93.0%", Cell(page, "STRIP", 0).QuerySelector(".v")!.TextContent));
        Assert.Equal("± 2.0, n = 3", Cell(page, "STRIP", 0).QuerySelector(".s")!.TextContent);
    }

    [Fact]
    public async Task Overview_CellsWithoutValue_SayWhyInText()
    {
        await _lab.Samples.Finished(Presets.Demo.Spec);

        var page = _lab.Open<OverviewPage>("/");

        page.WaitForAssertion(() =>
            Assert.Contains("not applicable", Cell(page, "Neural Cleanse", 1).TextContent, StringComparison.Ordinal)
        );
        Assert.Contains(
            "have no gradient",
            Cell(page, "Neural Cleanse", 1).GetAttribute("title"),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "since they have no detection rate: no defense, Activation Clustering, Fine-Pruning, Spectral Signatures, STRIP",
            page.Markup,
            StringComparison.Ordinal
        );
        Assert.Contains("n = 1", Cell(page, "Neural Cleanse", 0).TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Overview_FailedCellOnTwin_IsShownAsFailedNotAsUndetected()
    {
        await _lab.Samples.Finished(Presets.Demo.Spec);

        var page = _lab.Open<OverviewPage>("/?metric=sample-false-positive-rate");

        page.WaitForAssertion(() =>
            Assert.Contains("failed", Cell(page, "STRIP", 2).TextContent, StringComparison.Ordinal)
        );
        Assert.Contains("Measured on the benign twin", page.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Overview_MetricSwitch_IsInTheAddressAndChangesTheMatrix()
    {
        await _lab.Samples.Finished(Presets.Demo.Spec);
        var page = _lab.Open<OverviewPage>("/?dataset=synthetic-signs");
        page.WaitForAssertion(() => Assert.NotNull(page.Find("table.matrix")));

        await page.InvokeAsync(() =>
            page.FindAll(".segmented button")
                .Single(button => button.TextContent == "Attack success rate")
                .ClickAsync(new())
        );

        Assert.Contains("metric=attack-success-rate", _lab.Address, StringComparison.Ordinal);
        Assert.Contains("dataset=synthetic-signs", _lab.Address, StringComparison.Ordinal);
        page.WaitForAssertion(() =>
            Assert.Equal("98.7%", Cell(page, "No defense", 0).QuerySelector(".v")!.TextContent)
        );
    }

    [Fact]
    public async Task Overview_OneRunBehindACell_LinksToItsDefenses()
    {
        var id = await _lab.Samples.Finished(Presets.Demo.Spec);

        var page = _lab.Open<OverviewPage>("/?metric=sample-detection-rate");

        page.WaitForAssertion(() =>
            Assert.Equal($"/runs/{id}?tab=defenses", Cell(page, "STRIP", 0).QuerySelector("a")!.GetAttribute("href"))
        );
    }

    [Fact]
    public async Task Overview_Views_LeadToTheWeekAndToWhatWasSaved()
    {
        await _lab.Samples.Finished(Presets.Demo.Spec);
        var views = _lab.Services.GetRequiredService<ViewStore>();
        await views.SaveAsync("Table 2", "/leaderboard", "metric=clean-accuracy", "", shared: true);
        await views.SaveAsync("", "/runs", "q=short+link", "", shared: false);

        var page = _lab.Open<OverviewPage>("/");

        page.WaitForAssertion(() =>
            Assert.Equal(["This week", "Table 2"], page.FindAll("nav.view-links a").Select(link => link.TextContent))
        );
        var links = page.FindAll("nav.view-links a").Select(link => link.GetAttribute("href")).ToList();
        Assert.Equal("/runs?q=created%3E%3D6d", links[0]);
        Assert.Equal("/leaderboard?metric=clean-accuracy", links[1]);
    }

    [Fact]
    public async Task Overview_RunningRun_ShowsPhaseAndProgress()
    {
        await _lab.Samples.Running(Presets.Demo.Spec);

        var page = _lab.Open<OverviewPage>("/");

        page.WaitForAssertion(() => Assert.Equal("34", page.Find("[role=progressbar]").GetAttribute("aria-valuenow")));
        Assert.Contains("Training the backdoored model", page.Markup, StringComparison.Ordinal);
        Assert.Contains("left", page.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Overview_DatabaseUnreadable_ShowsAnErrorWithAWayOut()
    {
        var file = _lab.Services.GetRequiredService<LabOptions>().DatabaseFile;
        await using (var connection = new SqliteConnection($"Data Source={file}"))
        {
            await connection.OpenAsync();
            var command = connection.CreateCommand();
            command.CommandText = "PRAGMA foreign_keys = OFF; ALTER TABLE Runs RENAME TO Lost";
            await command.ExecuteNonQueryAsync();
        }

        var page = _lab.Open<OverviewPage>("/");

        page.WaitForAssertion(() =>
            Assert.Contains(
                "The results cannot be read",
                page.Find("[role=alert]").TextContent,
                StringComparison.Ordinal
            )
        );
        Assert.Contains("Try again", page.Find("[role=alert]").TextContent, StringComparison.Ordinal);
    }

    private static AngleSharp.Dom.IElement Cell(IRenderedComponent<OverviewPage> page, string defense, int column) =>
        page.FindAll("table.matrix tbody tr")
            .Single(row => row.QuerySelector("th")!.TextContent.Contains(defense, StringComparison.Ordinal))
            .QuerySelectorAll("td")[column];
}
