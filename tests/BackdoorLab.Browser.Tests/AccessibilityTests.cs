namespace BackdoorLab.Browser.Tests;

/// <summary>Axe finds nothing serious on any page, light or dark.</summary>
[Collection("browser")]
[Trait("Category", "Slow")]
public sealed class AccessibilityTests(LabFixture lab)
{
    private static readonly string[] Pages =
    [
        "/",
        "/runs",
        "/runs?group=configuration",
        "/runs?q=atack:x",
        "/runs/new",
        "/runs/import",
        "/check",
        "/studies",
        "/studies/new",
        "/queue",
        "/trash",
        "/leaderboard",
        "/compare",
        "/admin/shares",
        "/admin/audit",
        "/methods",
        "/datasets",
        "/no-such-page",
    ];

    private static readonly string[] Tabs =
    [
        "",
        "?tab=defenses",
        "?tab=training",
        "?tab=images",
        "?tab=log",
        "?tab=config",
        "?tab=provenance",
    ];

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Pages_OfTheLab_HaveNoSeriousFinding(bool dark)
    {
        Chromium.SkipIfAbsent();
        var id = await lab.FinishedRun();
        await using var visit = await Visit.Start(lab.Browser, lab.Server, 1280, 900, dark);
        var findings = new List<string>();

        foreach (var path in Pages.Concat(Tabs.Select(tab => $"/runs/{id}{tab}")).Append($"/compare?ids={id},{id}"))
        {
            await visit.Open(path);
            findings.AddRange(await Axe.Findings(visit, path));
        }

        await visit.Open("/runs");
        await visit.Page.GetByLabel("Choose the runs on this page").CheckAsync();
        await visit.Page.GetByText("Tag", new() { Exact = true }).ClickAsync();
        findings.AddRange(await Axe.Findings(visit, "/runs with chosen rows and an open menu"));

        Assert.True(findings.Count == 0, string.Join("\n", findings));
    }
}
