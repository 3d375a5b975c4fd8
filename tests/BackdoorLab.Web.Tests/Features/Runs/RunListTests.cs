using BackdoorLab.Data;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Features.Queue;
using BackdoorLab.Web.Features.Runs;
using BackdoorLab.Web.Tests.Support;
using Bunit;

namespace BackdoorLab.Web.Tests.Features.Runs;

public sealed class RunListTests : IAsyncLifetime
{
    private readonly LabContext _lab = new();

    public Task InitializeAsync() => _lab.InitializeAsync();

    public Task DisposeAsync() => ((IAsyncLifetime)_lab).DisposeAsync();

    [Fact]
    public void Runs_None_OffersTheDemo()
    {
        var page = _lab.Open<RunList>("/runs");
        page.WaitForAssertion(() => Assert.Contains("No runs yet", page.Markup, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Runs_MoreThanAPage_SaysWhichPartIsShownAndTurns()
    {
        for (var seed = 0; seed < 27; seed++)
        {
            await _lab.Samples.Queued(Presets.Quick.Spec with { Seed = seed });
        }

        var page = _lab.Open<RunList>("/runs");
        page.WaitForAssertion(() => Assert.Contains("Showing 1–25 of 27 runs", page.Markup, StringComparison.Ordinal));

        await page.InvokeAsync(() =>
            page.FindAll("button").Single(button => button.TextContent.Trim() == "Next").ClickAsync(new())
        );

        page.WaitForAssertion(() => Assert.Contains("Showing 26–27 of 27 runs", page.Markup, StringComparison.Ordinal));
        Assert.EndsWith("/runs?page=2", _lab.Address, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Runs_FilterInTheAddress_Filters()
    {
        await _lab.Samples.Failed(Presets.Quick.Spec);
        await _lab.Samples.Queued(Presets.Demo.Spec);

        var page = _lab.Open<RunList>("/runs?state=Failed");

        page.WaitForAssertion(() => Assert.Contains("Showing 1–1 of 1 run", page.Markup, StringComparison.Ordinal));
        Assert.Contains(Presets.Quick.Spec.Name, page.Find(".lab-grid tbody").TextContent, StringComparison.Ordinal);
        Assert.DoesNotContain(
            Presets.Demo.Spec.Name,
            page.Find(".lab-grid tbody").TextContent,
            StringComparison.Ordinal
        );
        Assert.Single(page.FindAll(".chip-x"));
    }

    [Fact]
    public async Task Runs_NothingMatches_ClearsFilters()
    {
        await _lab.Samples.Queued(Presets.Demo.Spec);
        var page = _lab.Open<RunList>("/runs?q=zzz");
        page.WaitForAssertion(() => Assert.Contains("Nothing matches", page.Markup, StringComparison.Ordinal));

        await page.InvokeAsync(() =>
            page.FindAll("button").First(button => button.TextContent.Trim() == "Clear filters").ClickAsync(new())
        );

        page.WaitForAssertion(() => Assert.Contains("Showing 1–1 of 1 run", page.Markup, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Runs_Delete_MovesToTheTrash()
    {
        var id = await _lab.Samples.Failed(Presets.Demo.Spec);
        var page = _lab.Open<RunList>("/runs");
        page.WaitForAssertion(() => Assert.NotEmpty(page.FindAll("button[aria-label^='Delete']")));

        await page.InvokeAsync(() => page.Find("button[aria-label^='Delete']").ClickAsync(new()));

        Assert.True((await _lab.List.FindItemAsync(id))!.Deleted);
    }

    [Fact]
    public async Task Queue_WaitingRuns_ShowPlaceAndCanBeCancelled()
    {
        var first = await _lab.Samples.Queued(Presets.Demo.Spec);
        await _lab.Samples.Queued(Presets.Quick.Spec);
        var page = _lab.Open<QueuePage>("/queue");
        page.WaitForAssertion(() =>
            Assert.Equal(["1", "2"], page.FindAll("tbody td.n").Select(cell => cell.TextContent))
        );

        await page.InvokeAsync(() => page.FindAll("tbody button")[0].ClickAsync(new()));

        Assert.Equal(RunState.Cancelled, (await _lab.List.FindItemAsync(first))!.State);
    }

    [Fact]
    public void Queue_Nothing_IsIdle()
    {
        var page = _lab.Open<QueuePage>("/queue");
        page.WaitForAssertion(() => Assert.Contains("Idle", page.Markup, StringComparison.Ordinal));
    }
}
