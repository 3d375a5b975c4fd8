using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Features.Runs;
using BackdoorLab.Web.Tests.Support;
using Bunit;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Web.Tests.Features.Check;

/// <summary>The page of the run that a check makes.</summary>
public sealed class CheckRunTests : IAsyncLifetime
{
    private readonly LabContext _lab = new();

    private string Artifacts => _lab.Services.GetRequiredService<LabOptions>().ArtifactFolder;

    public Task InitializeAsync() => _lab.InitializeAsync();

    public Task DisposeAsync() => ((IAsyncLifetime)_lab).DisposeAsync();

    [Fact]
    public async Task Run_Flagged_ShowsVerdictScoresTriggersAndWhatToDo()
    {
        var page = await RunOf(flagged: true);

        page.WaitForAssertion(() =>
            Assert.Equal("Flagged: class '<stop>' (label 3)", page.Find(".verdict h2").TextContent)
        );
        Assert.Contains("It may be a false alarm", page.Find(".verdict").TextContent, StringComparison.Ordinal);
        var row = page.Find("table.data tbody tr").TextContent;
        Assert.Contains("flagged", row, StringComparison.Ordinal);
        Assert.Contains("3.41", row, StringComparison.Ordinal);
        page.WaitForAssertion(() =>
            Assert.StartsWith("data:image/png", page.Find(".gallery img").GetAttribute("src"), StringComparison.Ordinal)
        );
        Assert.Contains("fine-pruning", page.Find("ul.next").TextContent, StringComparison.Ordinal);
        Assert.EndsWith(
            "/report.html",
            page.FindAll("a").Single(link => link.TextContent.Trim() == "Download report").GetAttribute("href"),
            StringComparison.Ordinal
        );
        AssertSaysNothingOfAnAttack(page);
    }

    [Fact]
    public async Task Run_Quiet_SaysThatItIsNoProof()
    {
        var page = await RunOf(flagged: false);

        page.WaitForAssertion(() => Assert.Equal("Not flagged", page.Find(".verdict h2").TextContent));
        Assert.Contains("no proof", page.Find(".verdict").TextContent, StringComparison.Ordinal);
        Assert.Contains("most conspicuous: class 'yield'", page.Markup, StringComparison.Ordinal);
        AssertSaysNothingOfAnAttack(page);
    }

    [Theory]
    [InlineData(null, 0.93, null, "needs at least 3 of them")]
    [InlineData(null, 0.12, null, "right on 12 % of clean images only")]
    [InlineData(true, 0.12, UndecidedReason.LowAccuracy, "right on 12 % of clean images only")]
    [InlineData(false, 0.93, UndecidedReason.NormCeiling, "even a norm of zero would reach an index of 1.3 only")]
    public async Task Run_WithoutABasis_IsNotDecidable(
        bool? flagged,
        double accuracy,
        UndecidedReason? silent,
        string reason
    )
    {
        var page = await RunOf(
            flagged,
            accuracy,
            silent switch
            {
                UndecidedReason.LowAccuracy => CheckedModel.Doubt(accuracy),
                { } other => Verdict.NotDecidable(other, ("index-ceiling", 1.3), ("detector-threshold", 2)),
                null => null,
            }
        );

        page.WaitForAssertion(() => Assert.Equal("Not decidable", page.Find(".verdict h2").TextContent));
        Assert.Contains(reason, page.Markup, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("defenses", "Model from a file")]
    [InlineData("config", "model.pth")]
    [InlineData("provenance", "Put the model file beside spec.json first")]
    public async Task Run_OfACheck_HasItsOtherTabs(string tab, string expected)
    {
        var page = await RunOf(flagged: true, tab: tab);

        page.WaitForAssertion(() => Assert.Contains(expected, page.Markup, StringComparison.Ordinal));
        Assert.DoesNotContain(page.FindAll("nav.tabs a"), link => link.TextContent is "Training" or "Images");
        AssertSaysNothingOfAnAttack(page);
    }

    private static void AssertSaysNothingOfAnAttack(IRenderedComponent<RunView> page)
    {
        var text = page.Markup;
        foreach (
            var word in new[]
            {
                "Benign twin",
                "benign twin",
                "backdoored model above",
                "Detection rate",
                "n = 1",
                "target label",
                "poison rate",
            }
        )
        {
            Assert.DoesNotContain(word, text, StringComparison.Ordinal);
        }
    }

    private async Task<IRenderedComponent<RunView>> RunOf(
        bool? flagged,
        double accuracy = 0.93,
        Verdict? silent = null,
        string tab = ""
    )
    {
        var id = await CheckRuns.Finished(_lab.Services, Artifacts, flagged, accuracy, silent);
        return _lab.Open<RunView>($"/runs/{id}?tab={tab}", parameters => parameters.Add(page => page.Id, id));
    }
}
