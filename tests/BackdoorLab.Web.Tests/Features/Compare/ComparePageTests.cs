using BackdoorLab.Data;
using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Features.Compare;
using BackdoorLab.Web.Tests.Support;
using Bunit;

namespace BackdoorLab.Web.Tests.Features.Compare;

public sealed class ComparePageTests : IAsyncLifetime
{
    private readonly LabContext _lab = new();

    public Task InitializeAsync() => _lab.InitializeAsync();

    public Task DisposeAsync() => ((IAsyncLifetime)_lab).DisposeAsync();

    [Fact]
    public async Task Compare_NoIds_OffersRunsToAdd()
    {
        var id = await _lab.Samples.Finished(Presets.Demo.Spec);
        var page = _lab.Open<ComparePage>("/compare");
        page.WaitForAssertion(() => Assert.Contains("Choose runs to compare", page.Markup, StringComparison.Ordinal));

        page.WaitForAssertion(() => Assert.NotEmpty(page.FindAll("button[aria-label^='Add ']")));
        await page.InvokeAsync(() => page.Find("button[aria-label^='Add ']").Click());

        page.WaitForAssertion(() => Assert.EndsWith($"/compare?ids={id}", _lab.Address, StringComparison.Ordinal));
        page.WaitForAssertion(() => Assert.Contains("Choose a second run", page.Markup, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Compare_TwoRuns_ShowsOnlyWhatDiffersAndTheDifferences()
    {
        var first = await _lab.Samples.Finished(Presets.Demo.Spec);
        var second = await _lab.Samples.Finished(Presets.Demo.Spec with { Seed = 2 }, 0.02);
        var page = _lab.Open<ComparePage>($"/compare?ids={first},{second},zzzzzzzzzzzz");

        page.WaitForAssertion(() => Assert.Equal(["SeedRun"], Settings(page)));
        Assert.Contains("zzzzzzzzzzzz", page.Find("[role=status]").TextContent, StringComparison.Ordinal);

        // Clean accuracy 95.1 % against 97.1 %; attack success 98.7 % against 100 %: more of it is worse.
        Assert.Equal(["95.1%", "97.1%▲ +2.0 better"], Numbers(page, "Clean accuracy"));
        Assert.Equal(["98.7%", "100%▲ +1.3 worse"], Numbers(page, "Attack success rate"));
        Assert.Equal(4, page.FindAll("table.strips tbody tr").Count);
        Assert.NotEmpty(page.FindAll(".parallel polyline"));
    }

    [Fact]
    public async Task Compare_AnotherBaseline_TurnsTheSigns()
    {
        var first = await _lab.Samples.Finished(Presets.Demo.Spec);
        var second = await _lab.Samples.Finished(Presets.Demo.Spec with { Seed = 2 }, 0.02);

        var page = _lab.Open<ComparePage>($"/compare?ids={first},{second}&base={second}");

        page.WaitForAssertion(() => Assert.Equal(["95.1%▼ −2.0 worse", "97.1%"], Numbers(page, "Clean accuracy")));
    }

    [Fact]
    public async Task Compare_DifferentAttacks_SharesTheRowsOfWhatBothHave()
    {
        var first = await _lab.Samples.Finished(Presets.Demo.Spec);
        var second = await _lab.Samples.Finished(Presets.Demo.Spec with { Attack = new Blended { PoisonRate = 0.05 } });

        var page = _lab.Open<ComparePage>($"/compare?ids={first},{second}");

        page.WaitForAssertion(() => Assert.Contains("Attack", Settings(page)));
        Assert.Contains("Poison rateAttack", Settings(page));
        Assert.DoesNotContain("SeedRun", Settings(page));
        var rate = page.FindAll("table.compare")
            .First()
            .QuerySelectorAll("tbody tr")
            .Single(row => row.TextContent.Contains("Poison rate", StringComparison.Ordinal));
        Assert.Equal(
            ["0.1", "0.05 differs from the baseline"],
            rate.QuerySelectorAll("td").Select(cell => cell.TextContent.Trim())
        );
    }

    [Fact]
    public async Task Compare_OfAFailedCell_SaysSo()
    {
        var first = await _lab.Samples.Finished(Presets.Demo.Spec);
        var second = await _lab.Samples.Finished(Presets.Demo.Spec with { Seed = 2 });

        var page = _lab.Open<ComparePage>(
            $"/compare?ids={first},{second}&victim={Victim.Benign}&precision=int4-weight-only"
        );

        page.WaitForAssertion(() =>
            Assert.Contains(
                page.FindAll("table.compare td.n"),
                cell =>
                    cell.TextContent.Trim() == "failed" && cell.GetAttribute("title") == "Entropy is NaN for 12 inputs."
            )
        );
    }

    private static List<string> Settings(IRenderedComponent<ComparePage> page) =>
        [
            .. page.FindAll("table.compare")
                .First()
                .QuerySelectorAll("tbody th")
                .Select(head =>
                    string.Join(' ', head.TextContent.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
                ),
        ];

    private static List<string> Numbers(IRenderedComponent<ComparePage> page, string name) =>
        [
            .. page.FindAll("table.compare")
                .Last()
                .QuerySelectorAll("tbody tr")
                .First(row => row.QuerySelector("th.pin")?.TextContent == name)
                .QuerySelectorAll("td")
                .Select(cell =>
                    cell.TextContent.Trim()
                        .Replace("\n", "", StringComparison.Ordinal)
                        .Replace("  ", "", StringComparison.Ordinal)
                ),
        ];
}
