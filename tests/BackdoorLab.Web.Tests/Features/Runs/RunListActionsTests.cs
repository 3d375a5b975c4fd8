using BackdoorLab.Data;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Features.Runs;
using BackdoorLab.Web.Features.Views;
using BackdoorLab.Web.Jobs;
using BackdoorLab.Web.Shared.Controls;
using BackdoorLab.Web.Shared.Words;
using BackdoorLab.Web.Tests.Support;
using Bunit;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Web.Tests.Features.Runs;

public sealed class RunListActionsTests : IAsyncLifetime
{
    private readonly LabContext _lab = new();

    public Task InitializeAsync() => _lab.InitializeAsync();

    public Task DisposeAsync() => ((IAsyncLifetime)_lab).DisposeAsync();

    [Fact]
    public async Task Search_WithAMistake_SaysWhatIsWrongAndStillLists()
    {
        await _lab.Samples.Queued(Presets.Demo.Spec);

        var page = _lab.Open<RunList>("/runs?q=atack:x");

        page.WaitForAssertion(() =>
            Assert.Contains(
                "There is no field 'atack'",
                page.Find("[role=alert]").TextContent,
                StringComparison.Ordinal
            )
        );
        page.WaitForAssertion(() => Assert.Contains("Showing 1–1 of 1 run", page.Markup, StringComparison.Ordinal));
    }

    [Fact]
    public async Task ChooseAll_OfMoreThanAPage_TagsTheWholeFilter()
    {
        for (var seed = 0; seed < 27; seed++)
        {
            await _lab.Samples.Queued(Presets.Quick.Spec with { Seed = seed });
        }

        await _lab.Samples.Queued(Presets.Demo.Spec);
        var page = _lab.Open<RunList>($"/runs?q=config:{RunContent.ConfigHash(Presets.Quick.Spec)}");
        page.WaitForAssertion(() => Assert.Contains("of 27 runs", page.Markup, StringComparison.Ordinal));
        await page.InvokeAsync(() => page.Find("th input[type=checkbox]").ChangeAsync(new() { Value = true }));
        Assert.Contains("25 runs chosen", page.Find(".bulk").TextContent, StringComparison.Ordinal);
        await page.InvokeAsync(() =>
            page.FindAll(".bulk button")
                .Single(button => button.TextContent.Contains("Choose all 27 runs", StringComparison.Ordinal))
                .ClickAsync(new())
        );
        await page.InvokeAsync(() => page.Find("#bulk-tags").InputAsync(new() { Value = "paper" }));

        await page.InvokeAsync(() =>
            page.FindAll(".bulk button").Single(button => button.TextContent.Trim() == "Add").ClickAsync(new())
        );

        page.WaitForAssertion(() => Assert.Empty(page.FindAll(".bulk")));
        Assert.Equal([new TagCount("paper", 27)], await _lab.Facets.TagsAsync());
        page.WaitForAssertion(() => Assert.Equal("paper", page.Find(".tags a").TextContent));
    }

    [Fact]
    public async Task Pages_Turned_AskOnceWhatThereIsToFilterBy()
    {
        for (var seed = 0; seed < 60; seed++)
        {
            await _lab.Samples.Queued(Presets.Quick.Spec with { Seed = seed });
        }

        var page = _lab.Open<RunList>("/runs");
        page.WaitForAssertion(() => Assert.Contains("Showing 1–25 of 60 runs", page.Markup, StringComparison.Ordinal));
        var before = _lab.Statements.Count(IsFilterValues);
        foreach (var shown in new[] { "26–50", "51–60" })
        {
            await page.InvokeAsync(() =>
                page.FindAll("button").Single(button => button.TextContent.Trim() == "Next").ClickAsync(new())
            );
            page.WaitForAssertion(() =>
                Assert.Contains($"Showing {shown} of 60 runs", page.Markup, StringComparison.Ordinal)
            );
        }

        Assert.Equal(1, before);
        Assert.Equal(before, _lab.Statements.Count(IsFilterValues));
        await page.InvokeAsync(() => page.Find("input[data-search]").ChangeAsync(new() { Value = "seed:3" }));
        page.WaitForAssertion(() => Assert.Contains("of 1 run", page.Markup, StringComparison.Ordinal));
        Assert.Equal(before + 1, _lab.Statements.Count(IsFilterValues));

        static bool IsFilterValues(string statement) =>
            statement.StartsWith("SELECT DISTINCT", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Views_WithoutACondition_AreNotOfferedToShare()
    {
        var views = _lab.Services.GetRequiredService<ViewStore>();
        await views.SaveAsync("All", "/runs", "group=attack", "", shared: true);
        await views.SaveAsync("Typo", "/runs", "q=atack:x", "", shared: true);
        await views.SaveAsync("Paper", "/runs", "q=tag:paper", "", shared: true);

        var page = _lab.Open<RunList>("/runs");

        page.WaitForAssertion(() => Assert.Equal(3, page.FindAll(".view").Count));
        Assert.Equal(
            ["Share view Paper"],
            page.FindAll("button[aria-label^='Share view']").Select(button => button.GetAttribute("aria-label"))
        );
    }

    [Fact]
    public async Task Group_ByConfiguration_ShowsSpreadWithN()
    {
        await _lab.Samples.Finished(Presets.Demo.Spec with { Seed = 1 });
        await _lab.Samples.Finished(Presets.Demo.Spec with { Seed = 2 }, 0.02);

        var page = _lab.Open<RunList>("/runs?group=configuration");

        page.WaitForAssertion(() =>
            Assert.Contains("n = 2", page.Find(".groups tbody").TextContent, StringComparison.Ordinal)
        );
        Assert.Contains("±", page.Find(".groups tbody").TextContent, StringComparison.Ordinal);
        Assert.StartsWith(
            "/runs?q=config",
            page.Find(".groups tbody a").GetAttribute("href"),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Columns_InTheAddress_AreShown()
    {
        await _lab.Samples.Queued(Presets.Demo.Spec);

        var page = _lab.Open<RunList>("/runs?cols=State,Owner");

        page.WaitForAssertion(() => Assert.Equal(["Run", "State", "Owner"], Headings(page)));
    }

    [Fact]
    public async Task Trash_Restore_BringsTheRunBack()
    {
        var id = await _lab.Samples.Failed(Presets.Demo.Spec);
        await _lab.Services.GetRequiredService<RunBulk>().DeleteAsync(RunSelection.Of([id]));
        var page = _lab.Open<TrashPage>("/trash");
        page.WaitForAssertion(() => Assert.NotEmpty(page.FindAll("button[aria-label^='Restore']")));

        await page.InvokeAsync(() => page.Find("button[aria-label^='Restore']").ClickAsync(new()));

        Assert.False((await _lab.List.FindItemAsync(id))!.Deleted);
        page.WaitForAssertion(() => Assert.Contains("The trash is empty", page.Markup, StringComparison.Ordinal));
    }

    [Fact]
    public async Task View_Saved_OpensTheSameAddress()
    {
        var view = await _lab
            .Services.GetRequiredService<ViewStore>()
            .SaveAsync("mine", "/runs", "q=asr%3E90%25&group=attack", "", shared: true);

        _lab.Open<ViewPage>($"/v/{view.Id}", parameters => parameters.Add(page => page.Id, view.Id));

        Assert.EndsWith("/runs?q=asr%3E90%25&group=attack", _lab.Address, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Note_EditedByTwo_ShowsBothTextsToTheSecond()
    {
        var subject = new NoteSubject(NoteSubject.Run, "0123456789ab");
        var note = _lab.Render<NotePanel>(parameters => parameters.Add(panel => panel.Subject, subject));
        await note.InvokeAsync(() =>
            note.FindAll("button").Single(button => button.TextContent == "Write a note").ClickAsync(new())
        );
        await note.InvokeAsync(() => note.Find("textarea").InputAsync(new() { Value = "mine" }));
        await _lab.Services.GetRequiredService<NoteStore>().SaveAsync(subject, "theirs", 0, "anna");

        await note.InvokeAsync(() =>
            note.FindAll("button").Single(button => button.TextContent.Trim() == "Save").ClickAsync(new())
        );

        Assert.Contains(
            "anna saved this note while you were writing",
            note.Find("[role=alert]").TextContent,
            StringComparison.Ordinal
        );
        Assert.Contains("theirs", note.Find("[role=alert] pre").TextContent, StringComparison.Ordinal);
        Assert.Equal("mine", note.Find("textarea").GetAttribute("value"));
        await note.InvokeAsync(() =>
            note.FindAll("button").Single(button => button.TextContent.Trim() == "Save").ClickAsync(new())
        );
        Assert.Contains("mine", note.Find(".markdown").TextContent, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<script>alert(1)</script>")]
    [InlineData("<img src=x onerror=alert(1)>")]
    [InlineData("[x](javascript:alert(1))")]
    [InlineData("![x](https://elsewhere.example/pixel.png)")]
    [InlineData("<a href=\"data:text/html,x\" style=\"position:fixed\">x</a>")]
    public void Markdown_ThatWouldDoHarm_IsText(string markdown)
    {
        var note = _lab.Render(builder => builder.AddContent(0, MarkdownText.Html(markdown)));

        Assert.All(
            note.Nodes.OfType<AngleSharp.Dom.IElement>()
                .SelectMany(element => element.QuerySelectorAll("*").Prepend(element)),
            element =>
            {
                Assert.Contains(element.LocalName, new[] { "p", "a" });
                Assert.All(element.Attributes, attribute => Assert.Contains(attribute.Name, new[] { "rel", "href" }));
                Assert.DoesNotContain(":", element.GetAttribute("href") ?? "", StringComparison.Ordinal);
            }
        );
    }

    private static IEnumerable<string> Headings(IRenderedComponent<RunList> page) =>
        page.FindAll("th")
            .Select(heading => heading.TextContent.Trim().TrimEnd('0', '1', '2'))
            .Where(text => text.Length > 0);
}
