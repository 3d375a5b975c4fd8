using BackdoorLab.Data;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Features.Runs;
using BackdoorLab.Web.Tests.Support;
using Bunit;
using Plotly.Blazor;

namespace BackdoorLab.Web.Tests.Features.Runs;

public sealed class RunViewTests : IAsyncLifetime
{
    private readonly LabContext _lab = new();

    public Task InitializeAsync() => _lab.InitializeAsync();

    public Task DisposeAsync() => ((IAsyncLifetime)_lab).DisposeAsync();

    [Fact]
    public void Run_UnknownId_SaysSo()
    {
        var page = Open("0123456789ab");
        page.WaitForAssertion(() =>
            Assert.Contains("There is no run 0123456789ab", page.Markup, StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Run_Finished_ShowsNumbersWithIntervalsAndRemarks()
    {
        var page = Open(await _lab.Samples.Finished(Presets.Demo.Spec));

        page.WaitForAssertion(() =>
            Assert.Equal(
                ["95.1%", "98.7%", "95.1%", "0.6%"],
                page.FindAll(".figures .value").Select(value => value.TextContent)
            )
        );
        Assert.Equal("93.8% to 96.4%", page.FindAll(".figures .hint")[0].TextContent);
        var remarks = page.Find("[role=note]").TextContent;
        Assert.Contains("n = 1", remarks, StringComparison.Ordinal);
        Assert.Contains("subset: 6,032 of 39,209", remarks, StringComparison.Ordinal);
        Assert.Contains("1 cell failed", remarks, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_Finished_ShowsBothModelsSideBySideWithReasons()
    {
        var page = Open(await _lab.Samples.Finished(Presets.Demo.Spec));

        page.WaitForAssertion(() => Assert.NotNull(page.Find("table.cells")));
        var rows = page.FindAll("table.cells tbody tr").Select(row => row.TextContent).ToList();
        var start = rows.FindIndex(row => row.Contains("Neural Cleanse", StringComparison.Ordinal));
        Assert.Contains("flagged", rows[start], StringComparison.Ordinal);
        Assert.Contains("3.41 / 2", rows[start], StringComparison.Ordinal);
        Assert.Contains("not applicable", rows[start], StringComparison.Ordinal);
        Assert.Contains("Benign twin", rows[start + 1], StringComparison.Ordinal);
        Assert.Contains("not flagged", rows[start + 1], StringComparison.Ordinal);
        Assert.Contains(rows, row => row.Contains("Entropy is NaN for 12 inputs.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Run_Running_ShowsProgressStagesAndCancels()
    {
        var id = await _lab.Samples.Running(Presets.Demo.Spec);
        var page = Open(id);
        page.WaitForAssertion(() => Assert.Equal("34", page.Find("[role=progressbar]").GetAttribute("aria-valuenow")));
        Assert.Equal(2, page.FindAll(".stages li.done").Count);
        Assert.Contains("cached", page.FindAll(".stages li.done")[0].TextContent, StringComparison.Ordinal);
        Assert.Single(page.FindAll(".stages li.now"));

        await page.InvokeAsync(() =>
            page.FindAll("button").Single(button => button.TextContent.Trim() == "Cancel").ClickAsync(new())
        );

        Assert.Equal(RunState.Cancelling, (await _lab.List.FindItemAsync(id))!.State);
        page.WaitForAssertion(() => Assert.Contains("Stopping", page.Markup, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Run_Failed_ShowsTheCauseAndRetries()
    {
        var id = await _lab.Samples.Failed(Presets.Demo.Spec);
        var page = Open(id);
        page.WaitForAssertion(() =>
            Assert.Contains("Lower the learning rate", page.Find("[role=alert]").TextContent, StringComparison.Ordinal)
        );

        await page.InvokeAsync(() =>
            page.FindAll("button").Single(button => button.TextContent.Trim() == "Retry").ClickAsync(new())
        );

        Assert.Equal(RunState.Queued, (await _lab.List.FindItemAsync(id))!.State);
    }

    [Fact]
    public async Task Run_DefensesTab_ShowsEveryNumberAndTheFigure()
    {
        var page = Open(await _lab.Samples.Finished(Presets.Demo.Spec), "&defense=strip");

        page.WaitForAssertion(() => Assert.Equal(2, page.FindComponents<PlotlyChart>().Count));
        Assert.Contains(
            page.FindAll("table.data tbody tr"),
            row =>
                row.TextContent.Contains("Detection rate", StringComparison.Ordinal)
                && row.TextContent.Contains("93.0%", StringComparison.Ordinal)
        );
        Assert.Equal("Scores", page.FindAll(".chart h3")[0].TextContent);
        Assert.Contains("As a table (8 rows)", page.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_ConfigTab_MarksWhatIsNotADefault()
    {
        var page = Open(
            await _lab.Samples.Finished(Presets.Demo.Spec with { Training = new() { Epochs = 9 } }),
            tab: "config"
        );

        page.WaitForAssertion(() => Assert.NotNull(page.Find("table.data")));
        var epochs = page.FindAll("table.data tr")
            .Single(row =>
                row.TextContent.StartsWith("Epochs", StringComparison.Ordinal)
                || row.FirstElementChild?.TextContent == "Epochs"
            );
        Assert.Contains("9", epochs.TextContent, StringComparison.Ordinal);
        Assert.Contains("changed", epochs.TextContent, StringComparison.Ordinal);
        Assert.DoesNotContain(
            "changed",
            page.FindAll("table.data tr").Single(row => row.FirstElementChild?.TextContent == "Momentum").TextContent,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("training", "Accuracy and attack success")]
    [InlineData("images", "With trigger")]
    [InlineData("log", "not comparable with the full set")]
    [InlineData("provenance", "-- run spec.json --out out")]
    public async Task Run_Tab_ShowsItsContent(string tab, string expected)
    {
        var page = Open(await _lab.Samples.Finished(Presets.Demo.Spec), tab: tab);
        page.WaitForAssertion(() => Assert.Contains(expected, page.Markup, StringComparison.Ordinal));
        Assert.Equal(
            "page",
            page.FindAll("nav.tabs a")
                .Single(link => link.GetAttribute("href")!.EndsWith("tab=" + tab, StringComparison.Ordinal))
                .GetAttribute("aria-current")
        );
    }

    private IRenderedComponent<RunView> Open(string id, string more = "", string? tab = null) =>
        _lab.Open<RunView>(
            $"/runs/{id}?tab={tab ?? (more.Length > 0 ? "defenses" : "")}{more}",
            parameters => parameters.Add(page => page.Id, id)
        );
}
