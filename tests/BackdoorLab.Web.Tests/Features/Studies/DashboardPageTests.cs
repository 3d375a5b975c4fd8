using BackdoorLab.Data;
using BackdoorLab.Web.Features.Studies;
using BackdoorLab.Web.Tests.Support;
using Bunit;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Web.Tests.Features.Studies;

public sealed class DashboardPageTests : IAsyncLifetime
{
    private readonly LabContext _lab = new();

    private DashboardStore Store => _lab.Services.GetRequiredService<DashboardStore>();

    public Task InitializeAsync() => _lab.InitializeAsync();

    public Task DisposeAsync() => ((IAsyncLifetime)_lab).DisposeAsync();

    [Fact]
    public async Task Edit_AddsMovesAndSavesParts()
    {
        var (page, item) = await Open(new DashboardPart { Kind = DashboardPartKind.Text, Markdown = "**first**" });
        page.WaitForAssertion(() => Assert.Equal("first", page.Find(".markdown strong").TextContent));

        await Click(page, "Edit");
        await Click(page, "Settings by seed");
        await page.InvokeAsync(() => page.Find("button[aria-label='Move part 2 up']").ClickAsync(new()));
        await Click(page, "Save");

        page.WaitForAssertion(() => Assert.Empty(page.FindAll(".parts")));
        var saved = (await Store.FindAsync(item.Id))!;
        Assert.Equal(
            [DashboardPartKind.Runs, DashboardPartKind.Text],
            DashboardParts.Read(saved.PartsJson).Select(part => part.Kind)
        );
        Assert.Equal(2, saved.Version);
    }

    [Fact]
    public async Task Save_AfterSomebodyElse_AsksFirst()
    {
        var (page, item) = await Open(new DashboardPart { Kind = DashboardPartKind.Text, Markdown = "old" });
        await Click(page, "Edit");
        await Store.SaveAsync(item.Id, 1, "theirs", item.PartsJson, "anna");

        await Click(page, "Save");

        page.WaitForAssertion(() =>
            Assert.Contains(
                "Somebody else saved this dashboard",
                page.Find("[role=alert]").TextContent,
                StringComparison.Ordinal
            )
        );
        Assert.Equal("theirs", (await Store.FindAsync(item.Id))!.Name);
        await Click(page, "Save");
        page.WaitForAssertion(() => Assert.Empty(page.FindAll("[role=alert]")));
        Assert.Equal(item.Name, (await Store.FindAsync(item.Id))!.Name);
    }

    [Fact]
    public async Task Delete_OfADashboard_HidesItFromTheStudy()
    {
        var (page, item) = await Open(new DashboardPart { Kind = DashboardPartKind.Findings });

        await page.InvokeAsync(() => page.Find("button[aria-label='Delete dashboard']").ClickAsync(new()));

        Assert.Empty(await Store.ListAsync(item.StudyId));
        Assert.EndsWith($"/studies/{item.StudyId}", _lab.Address, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_OfAPartOfANewerVersion_LeavesItOut() =>
        Assert.Equal(
            [DashboardPartKind.Runs],
            DashboardParts.Read("""[{"kind":"hologram"},{"kind":"runs"}]""").Select(part => part.Kind)
        );

    private async Task<(IRenderedComponent<DashboardPage> Page, DashboardItem Item)> Open(params DashboardPart[] parts)
    {
        var study = await _lab.Samples.Study();
        var item = await Store.CreateAsync(study, "ours", DashboardParts.Write(parts), "");
        var page = _lab.Open<DashboardPage>(
            $"/dashboards/{item.Id}",
            parameters => parameters.Add(one => one.Id, item.Id)
        );
        page.WaitForAssertion(() => Assert.Contains("ours", page.Find("h1").TextContent, StringComparison.Ordinal));
        return (page, item);
    }

    private static Task Click(IRenderedComponent<DashboardPage> page, string text) =>
        page.InvokeAsync(() =>
            page.FindAll("button").First(button => button.TextContent.Trim() == text).ClickAsync(new())
        );
}
