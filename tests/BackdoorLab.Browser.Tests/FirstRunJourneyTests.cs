using System.Globalization;
using Microsoft.Playwright;

namespace BackdoorLab.Browser.Tests;

/// <summary>From the form to the numbers.</summary>
[Collection("browser")]
[Trait("Category", "Slow")]
public sealed class FirstRunJourneyTests(LabFixture lab)
{
    [SkippableFact]
    public async Task Run_FromTheForm_FillsTheMatrixAndItsOwnPage()
    {
        Chromium.SkipIfAbsent();
        var id = await lab.FinishedRun();
        await using var visit = await Visit.Start(lab.Browser, lab.Server);

        await visit.Open("/");
        await MatrixIsFilled(visit);
        var latest = visit.Page.GetByRole(AriaRole.Region, new() { Name = "Latest results" });
        await Assertions.Expect(latest.Locator($"a[href='/runs/{id}']")).ToHaveTextAsync(NewRunForm.SmallName);

        await latest.Locator($"a[href='/runs/{id}']").ClickAsync();
        await visit.Arrive($"/runs/{id}");
        await ResultsAreShown(visit);

        await RunPage.Tab(visit, "Training");
        await RunPage.Charts(visit, 2);
        await RunPage.Tab(visit, "Defenses");
        await DefensesAreShown(visit);
        await RunPage.Tab(visit, "Images");
        await PicturesAreLoaded(visit, 4);
        await RunPage.Tab(visit, "Log");
        await Assertions
            .Expect(visit.Page.GetByRole(AriaRole.Log))
            .ToContainTextAsync("epoch", new() { IgnoreCase = true });
        await RunPage.Tab(visit, "Config");
        await Assertions.Expect(visit.Page.Locator("main pre.code")).ToContainTextAsync("\"trainCount\": 600");
        await RunPage.Tab(visit, "Provenance");
        await Assertions.Expect(visit.Page.Locator("main")).ToContainTextAsync("torchSharp");
        visit.Watch.AssertQuiet();
    }

    // Two precisions, and of the samples every sample detector and filter has a detection rate: never an empty table.
    private static async Task MatrixIsFilled(Visit visit)
    {
        var matrix = visit.Page.Locator("table.matrix");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Detection rate of samples" }).ClickAsync();
        await visit.Arrive(@"\?metric=sample-\S+");
        await Assertions.Expect(matrix.Locator("thead th")).ToHaveCountAsync(3);
        await visit.Tell(() => Assertions.Expect(matrix.Locator("td.heat").Nth(3)).ToBeVisibleAsync());

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Clean accuracy" }).ClickAsync();
        await visit.Arrive(@"\?metric=clean-accuracy");
        var undefended = matrix.Locator("tbody tr").Filter(new() { HasText = "No defense" }).Locator("td .v");
        await Assertions.Expect(undefended).ToHaveCountAsync(2);
        var accuracy = double.Parse(
            (await undefended.First.InnerTextAsync()).TrimEnd('%', ' '),
            CultureInfo.InvariantCulture
        );
        Assert.InRange(accuracy, 1, 100);
    }

    private static async Task ResultsAreShown(Visit visit)
    {
        await Assertions.Expect(visit.Page.Locator(".figures > *")).ToHaveCountAsync(4);
        await RunPage.Charts(visit, 1);
        var cells = visit.Page.Locator("table.cells tbody td .num");
        Assert.True(await cells.CountAsync() >= 8, "The table of defenses has no numbers.");
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Note)).ToContainTextAsync("n = 1");
        await PicturesAreLoaded(visit, 4);
    }

    private static async Task DefensesAreShown(Visit visit)
    {
        var pills = visit
            .Page.GetByRole(AriaRole.Navigation, new() { Name = "Defenses", Exact = true })
            .GetByRole(AriaRole.Link);
        await Assertions.Expect(pills).ToHaveCountAsync(3);
        foreach (var pill in await pills.AllAsync())
        {
            await pill.ClickAsync();
            await Assertions.Expect(pill).ToHaveAttributeAsync("aria-current", "true");
            await RunPage.Charts(visit, 2);
        }
    }

    private static async Task PicturesAreLoaded(Visit visit, int atLeast)
    {
        var pictures = visit.Page.Locator("main .gallery img");
        await Assertions.Expect(pictures.Nth(atLeast - 1)).ToBeVisibleAsync();
        foreach (var picture in await pictures.AllAsync())
        {
            await picture.ScrollIntoViewIfNeededAsync();
            Assert.True(
                await picture.EvaluateAsync<bool>(
                    "image => image.decode().then(() => image.naturalWidth > 0, () => false)"
                ),
                "A picture is broken."
            );
            Assert.NotEqual("", await picture.GetAttributeAsync("alt"));
        }
    }
}
