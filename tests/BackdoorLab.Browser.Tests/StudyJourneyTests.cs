using Microsoft.Playwright;

namespace BackdoorLab.Browser.Tests;

/// <summary>A template is started, looked at, cancelled and deleted.</summary>
[Collection("browser")]
[Trait("Category", "Slow")]
public sealed class StudyJourneyTests(LabFixture lab)
{
    [SkippableFact]
    public async Task Template_StartedAndCancelled_IsAStudyThatCanBeResumedOrDeleted()
    {
        Chromium.SkipIfAbsent();
        await using var visit = await Visit.Start(lab.Browser, lab.Server);

        await visit.Open("/studies");
        await visit
            .Page.GetByRole(AriaRole.Button, new() { Name = "Start Quantization Blindspots on generated signs" })
            .ClickAsync();
        await visit.Arrive("/studies/[0-9a-z]+");
        await Assertions.Expect(visit.Page.GetByText("0 of 20 done").First).ToBeVisibleAsync();
        await Assertions
            .Expect(visit.Page.GetByText("Planned, not run").Or(visit.Page.GetByText("not run")).First)
            .ToBeVisibleAsync();

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Cancel", Exact = true }).ClickAsync();
        await Assertions
            .Expect(visit.Page.GetByRole(AriaRole.Button, new() { Name = "Resume 20 runs" }))
            .ToBeVisibleAsync();

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Delete study" }).ClickAsync();
        await visit.Heading("Studies");
        await Assertions.Expect(visit.Page.GetByText("No study yet")).ToBeVisibleAsync();
        visit.Watch.AssertQuiet();
    }
}
