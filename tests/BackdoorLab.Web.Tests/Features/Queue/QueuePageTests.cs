using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Features.Queue;
using BackdoorLab.Web.Jobs;
using BackdoorLab.Web.Shared.Layout;
using BackdoorLab.Web.Tests.Support;
using Bunit;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Web.Tests.Features.Queue;

public sealed class QueuePageTests : IAsyncLifetime
{
    private const int Waiting = 120;

    private readonly LabContext _lab = new();

    public async Task InitializeAsync()
    {
        await _lab.InitializeAsync();
        for (var seed = 1; seed <= Waiting; seed++)
        {
            await _lab
                .Services.GetRequiredService<RunQueue>()
                .SubmitAsync(Presets.Quick.Spec with { Seed = seed, Name = $"run {seed}" }, 60, "");
        }
    }

    public Task DisposeAsync() => ((IAsyncLifetime)_lab).DisposeAsync();

    [Fact]
    public async Task Queue_OfManyRuns_ShowsAPageOfThemAndTurns()
    {
        var page = _lab.Open<QueuePage>("/queue");
        page.WaitForAssertion(() => Assert.Equal(25, page.FindAll("table.data tbody tr").Count));
        Assert.Contains("120 runs, ", page.Markup, StringComparison.Ordinal);
        Assert.Contains("Showing 1–25 of 120 runs", page.Markup, StringComparison.Ordinal);

        await page.InvokeAsync(() => Next(page).ClickAsync(new()));
        await page.InvokeAsync(() => Next(page).ClickAsync(new()));

        Assert.Equal(25, page.FindAll("table.data tbody tr").Count);
        Assert.Equal("51", page.Find("table.data tbody tr td").TextContent);
    }

    [Fact]
    public void Queue_TheOthersOnEveryPage_ReadNoRunThatWaits()
    {
        _lab.Statements.Clear();
        var chip = _lab.Open<RunningChip>("/");

        chip.WaitForAssertion(() => Assert.Contains("120 queued", chip.Markup, StringComparison.Ordinal));
        Assert.DoesNotContain(
            _lab.Statements,
            statement => statement.Contains("\"Priority\" DESC", StringComparison.Ordinal)
        );
    }

    private static AngleSharp.Dom.IElement Next(IRenderedComponent<QueuePage> page) =>
        page.FindAll("button").Single(button => button.TextContent.Trim() == "Next");
}
