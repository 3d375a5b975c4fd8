using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace BackdoorLab.Browser.Tests;

/// <summary>
/// What people of a group do with runs that have ended, from the overview on, in as many clicks as they were promised.
/// </summary>
[Trait("Category", "Slow")]
public sealed partial class ResearchJourneyTests(GroupFixture lab) : IClassFixture<GroupFixture>
{
    [SkippableFact]
    public async Task Failures_OfAStudy_AreRetriedByTheirCauseInThreeClicks()
    {
        Chromium.SkipIfAbsent();
        await lab.EndedStudy();
        await using var ada = await lab.SignedIn("ada");
        await ada.Open("/");
        var hand = new Hand();

        await hand.Click(
            ada.Page.GetByRole(AriaRole.Navigation, new() { Name = "Main" })
                .GetByRole(AriaRole.Link, new() { Name = "Studies" })
        );
        await hand.Click(ada.Page.GetByRole(AriaRole.Link, new() { Name = GroupFixture.StudyName, Exact = true }));
        await ada.Heading(GroupFixture.StudyName);
        var failed = ada.Page.GetByRole(AriaRole.Region, new() { Name = "Failed", Exact = true });
        await Assertions.Expect(failed.Locator("header")).ToContainTextAsync("3 runs");
        await Assertions.Expect(failed.Locator(".run-card")).ToHaveCountAsync(1);
        await Assertions.Expect(failed.Locator(".run-card")).ToContainTextAsync("CIFAR-10");
        await hand.Click(failed.GetByRole(AriaRole.Button, new() { Name = "Retry these" }));

        await Assertions.Expect(ada.Page.GetByText("3 runs queued again")).ToBeVisibleAsync();
        Assert.Equal(3, hand.Clicks);

        // The files are still not there, and the page says so again once three worker processes have looked.
        await Assertions
            .Expect(failed.Locator("header"))
            .ToContainTextAsync("3 runs", new() { Timeout = RunPage.RunPatience });
        ada.Watch.AssertQuiet();
    }

    [SkippableFact]
    public async Task Leaderboard_SavedAndOpenedAgain_GoesIntoThePaper()
    {
        Chromium.SkipIfAbsent();
        await lab.EndedStudy();
        await using var ada = await lab.SignedIn("ada");
        await ada.Open("/leaderboard?dataset=synthetic-signs&metric=clean-accuracy");
        await SaveView(ada, "Table 2");
        await ada.Open("/");
        var hand = new Hand();

        await hand.Click(
            ada.Page.GetByRole(AriaRole.Navigation, new() { Name = "Saved views" })
                .GetByRole(AriaRole.Link, new() { Name = "Table 2" })
        );
        await ada.Heading("Leaderboard");
        await ada.Arrive(@"/leaderboard\?dataset=synthetic-signs&metric=clean-accuracy");
        var (name, latex) = await hand.Download(
            ada,
            ada.Page.GetByRole(AriaRole.Group, new() { Name = "Take the numbers out" })
                .GetByRole(AriaRole.Button, new() { Name = "LaTeX" })
        );

        Assert.True(hand.Clicks <= 3);
        Assert.EndsWith(".tex", name, StringComparison.Ordinal);
        var text = System.Text.Encoding.UTF8.GetString(latex);
        Assert.StartsWith(
            "% Needs \\usepackage{booktabs} and \\usepackage{url}.\n\\begin{table}\n",
            text,
            StringComparison.Ordinal
        );
        Assert.Contains(@"Mean $\pm$ standard deviation over seeds, n = 3;", text, StringComparison.Ordinal);
        Assert.Contains(
            $@"Taken from \url{{{lab.Server.Address}/leaderboard?dataset=synthetic-signs&metric=clean-accuracy}} on ",
            text,
            StringComparison.Ordinal
        );
        Assert.Matches(TakenOn(), text);
        Assert.Matches(MeanOfSeeds(), text);
        Assert.EndsWith("    \\bottomrule\n  \\end{tabular}\n\\end{table}\n", text, StringComparison.Ordinal);
        ada.Watch.AssertQuiet();
    }

    [SkippableFact]
    public async Task Week_OfTheGroup_IsSeenByOwnerInTwoClicks()
    {
        Chromium.SkipIfAbsent();
        await lab.EndedStudy();
        await using var ada = await lab.SignedIn("ada");
        await ada.Open("/");
        var hand = new Hand();

        await hand.Click(ada.Page.GetByRole(AriaRole.Link, new() { Name = "This week" }));
        await ada.Heading("Runs");
        await Assertions
            .Expect(ada.Page.GetByRole(AriaRole.Button, new() { Name = "Remove filter search created>=" }))
            .ToBeVisibleAsync();
        await hand.Choose(ada.Page.GetByLabel("Group by"), "Owner");

        var row = ada
            .Page.Locator("table.groups tbody tr")
            .Filter(new() { Has = ada.Page.GetByRole(AriaRole.Link, new() { Name = "ada", Exact = true }) });
        await Assertions.Expect(row).ToContainTextAsync("3 failed");
        await Assertions.Expect(row).ToContainTextAsync("n = 3");
        Assert.Equal(2, hand.Clicks);

        // From a person to their runs.
        await row.GetByRole(AriaRole.Link).ClickAsync();
        await Assertions.Expect(ada.Page.GetByText("Showing 1–6 of 6 runs")).ToBeVisibleAsync();
        ada.Watch.AssertQuiet();
    }

    [SkippableFact]
    public async Task Dashboard_OpenedByItsLink_LeadsToAPictureInThreeClicks()
    {
        Chromium.SkipIfAbsent();
        var study = await lab.EndedStudy();
        await using var ada = await lab.SignedIn("ada");
        await ada.Open($"/studies/{study}");
        await ada.Page.GetByRole(AriaRole.Button, new() { Name = "New dashboard" }).ClickAsync();
        await ada.Arrive("/dashboards/[0-9a-z]{12}");
        // The address changes before the page does, and the study's page has a Share button too.
        await Assertions.Expect(ada.Page.GetByText("Over the study")).ToBeVisibleAsync();
        var link = await Share(ada);

        await using var head = await Visit.Start(lab.Browser, lab.Server);
        await head.Open(link);
        await head.Heading(GroupFixture.StudyName);
        await RunPage.Charts(head, 1);
        await Axe.AssertClean(head, "shared dashboard");
        var hand = new Hand();
        await hand.Click(head.Page.Locator("table.matrix button.cell").Filter(new() { HasText = "n = 3" }).First);
        await Assertions
            .Expect(head.Page.GetByRole(AriaRole.Dialog).Locator("a[href^='/s/']").First)
            .ToBeVisibleAsync();
        await hand.Click(
            head.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Link, new() { Name = "Compare top 3" })
        );
        await head.Heading("Compare 3 runs");
        await RunPage.Charts(head, 1);
        var (name, picture) = await hand.Download(
            head,
            head.Page.GetByRole(AriaRole.Button, new() { Name = "Save parallel coordinates as PNG" })
        );

        Assert.Equal(3, hand.Clicks);
        Assert.EndsWith(".png", name, StringComparison.Ordinal);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], picture[..4]);
        Assert.True(picture.Length > 5_000, $"The picture has only {picture.Length} bytes.");
        await head.Page.GetByRole(AriaRole.Link, new() { Name = "Back to the dashboard" }).ClickAsync();
        await head.Heading(GroupFixture.StudyName);
        head.Watch.AssertQuiet();
        ada.Watch.AssertQuiet();
    }

    [SkippableFact]
    public async Task Comparison_OpenedByItsLink_ShowsItsRunsAndNoOther()
    {
        Chromium.SkipIfAbsent();
        await lab.EndedStudy();
        await using var ada = await lab.SignedIn("ada");
        var ids = await Ids(ada, "/runs?state=Succeeded");
        await ada.Open($"/compare?ids={ids[0]},{ids[1]}");
        var link = await Share(ada, downloads: true);

        await using var guest = await Visit.Start(lab.Browser, lab.Server, 390, 844);
        await guest.Open(link);
        await guest.Heading("Comparison of 2 runs");
        await Assertions.Expect(guest.Page.Locator("table.compare").First).ToBeVisibleAsync();
        await Assertions.Expect(guest.Page.Locator(".parallel polyline").First).ToBeAttachedAsync();
        Assert.True(
            await guest.Page.EvaluateAsync<int>(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            ) <= 0,
            "The page is too wide."
        );
        await Axe.AssertClean(guest, "shared comparison");
        var (_, csv) = await new Hand().Download(guest, guest.Page.GetByRole(AriaRole.Button, new() { Name = "CSV" }));
        Assert.StartsWith("run,name,seed,", System.Text.Encoding.UTF8.GetString(csv), StringComparison.Ordinal);
        await guest.Page.Locator($"a[href*='run={ids[1]}']").First.ClickAsync();
        await Assertions
            .Expect(guest.Page.GetByRole(AriaRole.Link, new() { Name = "Back to the comparison" }))
            .ToBeVisibleAsync();
        await guest.Open($"{link}?run={ids[2]}");
        await guest.Heading("Nothing to see");
        guest.Watch.Forgive("404");
        await guest.Open($"{link}?compare={ids[2]},{ids[1]}");
        await guest.Heading("Compare 1 run");
        guest.Watch.AssertQuiet();
    }

    [SkippableTheory]
    [InlineData(1280, false)]
    [InlineData(390, true)]
    public async Task View_OpenedByItsLink_ListsItsRunsAndNoOther(int width, bool dark)
    {
        Chromium.SkipIfAbsent();
        await lab.EndedStudy();
        var view = $"Finished at {width}";
        await using var ada = await lab.SignedIn("ada");
        var failed = (await Ids(ada, "/runs?state=Failed"))[0];
        await ada.Open("/runs?q=owner%3Dada&state=Succeeded&sort=-Seed");
        await SaveView(ada, view);
        await ada.Page.GetByRole(AriaRole.Button, new() { Name = $"Share view {view}" }).ClickAsync();
        var link = await CreateLink(ada, downloads: false);

        await using var guest = await Visit.Start(lab.Browser, lab.Server, width, 844, dark);
        await guest.Open(link);
        await guest.Heading(view);
        await Assertions.Expect(guest.Page.GetByText("Showing 1–3 of 3 runs")).ToBeVisibleAsync();
        await Assertions.Expect(guest.Page.Locator("table.data tbody tr")).ToHaveTextAsync([Seed(3), Seed(2), Seed(1)]);
        await Assertions.Expect(guest.Page.GetByRole(AriaRole.Navigation, new() { Name = "Main" })).ToHaveCountAsync(0);
        await Axe.AssertClean(guest, "shared view");
        Assert.True(
            await guest.Page.EvaluateAsync<int>(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            ) <= 0,
            "The page is too wide."
        );
        await Begin(guest);
        await Focus.AssertSeen(guest, "After j");
        await guest.Page.Keyboard.PressAsync("Enter");
        await Assertions
            .Expect(guest.Page.GetByRole(AriaRole.Link, new() { Name = "Back to the view" }))
            .ToBeVisibleAsync();
        await guest.Open($"{link}?run={failed}");
        await guest.Heading("Nothing to see");
        guest.Watch.Forgive("404");
        guest.Watch.AssertQuiet();
        ada.Watch.AssertQuiet();
    }

    [SkippableFact]
    public async Task Keys_InTheRunList_MoveChooseActOpenAndCompare()
    {
        Chromium.SkipIfAbsent();
        await lab.EndedStudy();
        await using var ada = await lab.SignedIn("ada");
        var ids = await Ids(ada, "/runs?q=owner%3Dada");
        var keys = ada.Page.Keyboard;

        await Begin(ada);
        await IsAt(ada, ids[0]);
        await keys.PressAsync("j");
        await keys.PressAsync("j");
        await IsAt(ada, ids[2]);
        await keys.PressAsync("k");
        await IsAt(ada, ids[1]);
        await keys.PressAsync("x");
        await Assertions.Expect(ada.Page.Locator(".bulk")).ToContainTextAsync("1 run chosen");
        await IsAt(ada, ids[1]);
        await keys.PressAsync("k");
        await keys.PressAsync("x");
        await Assertions.Expect(ada.Page.Locator(".bulk")).ToContainTextAsync("2 runs chosen");

        await keys.PressAsync(".");
        await Assertions
            .Expect(ada.Page.Locator("[data-actions]").First.GetByRole(AriaRole.Button).First)
            .ToBeFocusedAsync();
        await Focus.AssertSeen(ada, "In the actions of a row");
        await keys.PressAsync("Escape");
        await IsAt(ada, ids[0]);
        await keys.PressAsync("c");
        await ada.Heading("Compare 2 runs");
        Assert.Contains(ids[0], ada.Page.Url, StringComparison.Ordinal);
        Assert.Contains(ids[1], ada.Page.Url, StringComparison.Ordinal);

        await Ids(ada, "/runs?q=owner%3Dada");
        await Begin(ada);
        await IsAt(ada, ids[0]);
        await keys.PressAsync("Enter");
        await ada.Arrive($"/runs/{ids[0]}");

        // Who types into the search box means letters.
        await ada.Open("/runs");
        await ada.Page.Locator("input[data-search]").PressSequentiallyAsync("jx.c");
        await Assertions.Expect(ada.Page.Locator("input[data-search]")).ToHaveValueAsync("jx.c");
        await Assertions.Expect(ada.Page.Locator("input[data-search]")).ToBeFocusedAsync();
        ada.Watch.AssertQuiet();
    }

    // The script listens a moment after the list is drawn.
    private static async Task Begin(Visit visit)
    {
        for (
            var attempt = 0;
            attempt < 240 && !await visit.Page.EvaluateAsync<bool>("document.activeElement.matches('tr a')");
            attempt++
        )
        {
            await visit.Page.WaitForTimeoutAsync(250);
            await visit.Page.Keyboard.PressAsync("j");
        }
    }

    private static async Task IsAt(Visit visit, string id)
    {
        await Assertions.Expect(visit.Page.Locator($"a.run-name[href='/runs/{id}']")).ToBeFocusedAsync();
        await Focus.AssertSeen(visit, $"At {id}");
    }

    private static async Task<List<string>> Ids(Visit visit, string list)
    {
        await visit.Open(list);
        var links = visit.Page.Locator("a.run-name");
        await Assertions.Expect(links.First).ToBeVisibleAsync();
        return
        [
            .. (await links.EvaluateAllAsync<string[]>("links => links.map(link => link.getAttribute('href'))")).Select(
                address => address.Split('/')[^1]
            ),
        ];
    }

    private static async Task SaveView(Visit visit, string name)
    {
        await visit.Page.GetByText("Views", new() { Exact = true }).ClickAsync();
        await visit.Page.GetByLabel("Save this view as").FillAsync(name);
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Save", Exact = true }).ClickAsync();
        await Assertions.Expect(visit.Page.GetByText($"The view \"{name}\" is saved.")).ToBeVisibleAsync();
    }

    private static async Task<string> Share(Visit visit, bool downloads = false)
    {
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Share" }).ClickAsync();
        return await CreateLink(visit, downloads);
    }

    private static async Task<string> CreateLink(Visit visit, bool downloads)
    {
        if (downloads)
        {
            await visit.Page.GetByLabel("Downloads allowed").CheckAsync();
        }

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Create link" }).ClickAsync();
        return (await visit.Page.Locator(".secret-once code").TextContentAsync())!;
    }

    private static Regex Seed(int seed) => new($@"seed {seed}\b");

    [GeneratedRegex(@"\} on \d{4}-\d\d-\d\d\.\}")]
    private static partial Regex TakenOn();

    [GeneratedRegex(@"BadNets & (\\textbf\{)?\d+\.\d\\% \$\\pm\$ \d+\.\d")]
    private static partial Regex MeanOfSeeds();

    /// <summary>A hand that counts its clicks. Typing is none.</summary>
    private sealed class Hand
    {
        public int Clicks { get; private set; }

        public Task Click(ILocator what)
        {
            Clicks++;
            return what.ClickAsync();
        }

        public Task Choose(ILocator list, string value)
        {
            Clicks++;
            return list.SelectOptionAsync(value);
        }

        public async Task<(string Name, byte[] Content)> Download(Visit visit, ILocator button)
        {
            var download = await visit.Page.RunAndWaitForDownloadAsync(() => Click(button));
            return (download.SuggestedFilename, await File.ReadAllBytesAsync((await download.PathAsync())!));
        }
    }
}
