using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace BackdoorLab.Browser.Tests;

/// <summary>A practitioner with a model file and a question.</summary>
[Collection("browser")]
[Trait("Category", "Slow")]
public sealed partial class CheckJourneyTests(LabFixture lab)
{
    [SkippableFact]
    public async Task Check_AModelFile_EndsInAVerdictAndAReport()
    {
        Chromium.SkipIfAbsent();
        await lab.FinishedRun();
        var file = Path.Combine(Directory.CreateTempSubdirectory("check-journey-").FullName, "my-model.safetensors");
        File.Copy(
            Directory
                .EnumerateFiles(
                    Path.Combine(lab.Server.Lab, "artifacts"),
                    "weights.safetensors",
                    SearchOption.AllDirectories
                )
                .First(),
            file
        );
        await using var visit = await Visit.Start(lab.Browser, lab.Server);

        await visit.Open("/");
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "Check my model" }).ClickAsync();
        await visit.Heading("Check my model");
        await Choose(visit, file);

        var dataset = visit.Page.GetByLabel("Data set it was trained for");
        await visit.Tell(() => Assertions.Expect(dataset).ToBeVisibleAsync());
        await Assertions.Expect(visit.Page.Locator("main dl.facts").First).ToContainTextAsync("MLP");
        await Assertions.Expect(visit.Page.Locator("aside dl.facts")).ToContainTextAsync("1 detector");

        // On a machine that has CIFAR-10 that would be taken, which has ten classes too.
        var value = await dataset.Locator("option", new() { HasText = "Synthetic signs" }).GetAttributeAsync("value");
        await dataset.SelectOptionAsync(value!);
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Check", Exact = true }).ClickAsync();
        await visit.Arrive("/runs/(?!new)[^/?]+");
        await RunPage.WaitUntilFinished(visit);

        await Assertions.Expect(visit.Page.Locator(".verdict h2")).ToHaveTextAsync(Verdict());
        await Assertions.Expect(visit.Page.Locator("table.data tbody tr")).ToHaveCountAsync(1);
        await Assertions.Expect(visit.Page.Locator("main .gallery img")).ToHaveCountAsync(10);
        await Assertions.Expect(visit.Page.Locator("main")).Not.ToContainTextAsync("twin");

        var download = await visit.Page.RunAndWaitForDownloadAsync(() =>
            visit.Page.GetByText("Download report").ClickAsync()
        );
        var report = await File.ReadAllTextAsync(await download.PathAsync());
        Assert.Matches(@"^backdoorlab-check-\w+\.html$", download.SuggestedFilename);
        Assert.Contains("Check of my-model.safetensors", report, StringComparison.Ordinal);
        Assert.Equal(10, Regex.Count(report, "<img src=\"data:image/png"));
        visit.Watch.AssertQuiet();
    }

    [SkippableFact]
    public async Task Check_AFileThatIsNoModel_SaysWhyBesideTheField()
    {
        Chromium.SkipIfAbsent();
        var file = Path.Combine(Directory.CreateTempSubdirectory("check-journey-").FullName, "model.pth");
        await File.WriteAllTextAsync(file, "this is no model");
        await using var visit = await Visit.Start(lab.Browser, lab.Server);

        await visit.Open("/check");
        await Choose(visit, file);

        await Assertions
            .Expect(visit.Page.GetByRole(AriaRole.Alert))
            .ToContainTextAsync("neither safetensors nor a state dict");
        await Assertions
            .Expect(visit.Page.GetByRole(AriaRole.Button, new() { Name = "Check", Exact = true }))
            .ToBeDisabledAsync();
    }

    // The field works once the page is connected.
    private static async Task Choose(Visit visit, string file)
    {
        var field = visit.Page.Locator("#model-file");
        await visit.Tell(() => Assertions.Expect(field).ToBeEnabledAsync());
        await field.SetInputFilesAsync(file);
    }

    [GeneratedRegex("^(Flagged: class .+|Not flagged|Not decidable)$")]
    private static partial Regex Verdict();
}
