using Microsoft.Playwright;

namespace BackdoorLab.Browser.Tests;

/// <summary>A finished run as the beginning of the next.</summary>
[Collection("browser")]
[Trait("Category", "Slow")]
public sealed class CloneJourneyTests(LabFixture lab)
{
    [SkippableFact]
    public async Task CloneAndEdit_ChangesOneParameter_RunsWithTheRestFromTheStore()
    {
        Chromium.SkipIfAbsent();
        var id = await lab.FinishedRun();
        await using var visit = await Visit.Start(lab.Browser, lab.Server);

        await visit.Open($"/runs/{id}");
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "Clone and edit" }).ClickAsync();
        await visit.Arrive($@"/runs/new\?from={id}");
        await Assertions.Expect(NewRunForm.Control(visit, "name")).ToHaveValueAsync(NewRunForm.SmallName);
        await Assertions.Expect(NewRunForm.Control(visit, "dataset.trainCount")).ToHaveValueAsync("600");
        await Assertions.Expect(visit.Page.Locator("#section-model input:checked")).ToHaveValueAsync("mlp");
        await Assertions.Expect(visit.Page.Locator("#section-defenses .defense-item.on")).ToHaveCountAsync(3);

        // The browser ticks the box itself; it must not stay with another method's.
        await visit.Page.Locator(".defense-item[data-method='anp'] input.box").ClickAsync();
        await Assertions.Expect(visit.Page.Locator("#section-defenses .defense-item.on")).ToHaveCountAsync(4);
        await Assertions.Expect(visit.Page.Locator("#section-defenses input.box:checked")).ToHaveCountAsync(4);
        await NewRunForm.SwitchOff(visit, "anp");
        await Assertions.Expect(visit.Page.Locator("#section-defenses input.box:checked")).ToHaveCountAsync(3);

        await NewRunForm.Type(visit, "attack.patchSize", "99");
        var field = NewRunForm.Field(visit, "attack.patchSize");
        await Assertions.Expect(field.GetByRole(AriaRole.Alert)).ToContainTextAsync("16");
        await Assertions
            .Expect(NewRunForm.Control(visit, "attack.patchSize"))
            .ToHaveAttributeAsync("aria-invalid", "true");
        await Assertions.Expect(NewRunForm.RunButton(visit)).ToBeDisabledAsync();

        await NewRunForm.Type(visit, "attack.patchSize", "5");
        await Assertions.Expect(field.GetByRole(AriaRole.Alert)).ToHaveCountAsync(0);
        await Assertions.Expect(visit.Page.Locator("aside .gallery img")).ToHaveCountAsync(3);
        await NewRunForm.Type(visit, "name", "Larger patch");
        Assert.NotEqual(id, await NewRunForm.Run(visit));

        await RunPage.WaitUntilFinished(visit);
        await visit.Heading("Larger patch");
        await RunPage.Tab(visit, "Config");
        await Assertions.Expect(visit.Page.Locator("main pre.code")).ToContainTextAsync("\"patchSize\": 5");
        await RunPage.Tab(visit, "Training");

        // The twin never saw the patch: its training and its cells are those of the first run.
        await Assertions
            .Expect(visit.Page.Locator(".stages .badge").Filter(new() { HasText = "cached" }).First)
            .ToBeVisibleAsync();
        visit.Watch.AssertQuiet();
    }
}
