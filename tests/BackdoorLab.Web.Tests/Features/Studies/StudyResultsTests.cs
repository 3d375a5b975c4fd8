using BackdoorLab.Engine.Studies;
using BackdoorLab.Web.Features.Studies;
using BackdoorLab.Web.Shared.Charts;
using BackdoorLab.Web.Tests.Support;
using Bunit;
using MudBlazor;
using Plotly.Blazor.Traces;

namespace BackdoorLab.Web.Tests.Features.Studies;

public sealed class StudyResultsTests : IAsyncLifetime
{
    private readonly LabContext _lab = new();

    public Task InitializeAsync() => _lab.InitializeAsync();

    public Task DisposeAsync() => ((IAsyncLifetime)_lab).DisposeAsync();

    [Fact]
    public void Results_NoSetting_SaysWhenNumbersAppear() =>
        Assert.Contains("No results yet", Open("/studies/s", SampleStudies.Empty()).Markup, StringComparison.Ordinal);

    [Fact]
    public void Results_Detection_HasValuesGapsDamageAndWhatRowsCount()
    {
        var page = Open("/studies/s");

        Assert.Equal(["Neural Cleanse"], RowNames(page));
        Assert.Equal("counts models", page.Find("table.matrix tbody th .kind").TextContent);
        Assert.Equal(
            "90.0%55.5–99.7%n = 10",
            Flat(page.FindAll("table.matrix tbody tr")[0].QuerySelectorAll("button")[0].TextContent)
        );
        Assert.Equal(
            "Neural Cleanse, W4A4 (simulated), not applicable, 10 of 10 models, damaged model",
            page.FindAll("table.matrix tbody tr")[0].QuerySelectorAll("button")[2].GetAttribute("aria-label")
        );
        Assert.Single(page.FindAll("table.matrix .damaged"));
        Assert.Contains(
            "Not shown, since they have no detection rate: Activation Clustering, STRIP, Fine-Pruning.",
            page.Markup,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Results_DetectionOfSamples_IsAnotherNumberOfOtherRows()
    {
        var page = Open("/studies/s?metric=sample-detection-rate");

        Assert.Equal(["Activation Clustering", "STRIP"], RowNames(page));
        Assert.Equal(
            ["counts training samples", "counts inputs"],
            page.FindAll("table.matrix tbody th .kind").Select(kind => kind.TextContent)
        );
    }

    [Fact]
    public void Results_MethodsWithSchedulesAndCeilings_ShowThemInATableOfTheirOwn()
    {
        var page = Open("/studies/s", SampleStudies.Whole() with { Settings = [SampleStudies.WithParticulars()] });

        Assert.Contains("Schedules and limits", page.Markup, StringComparison.Ordinal);
        Assert.Contains("60 x 16 (0.1% of the reference)", page.Markup, StringComparison.Ordinal);
        Assert.DoesNotContain("as their papers describe", page.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public void Results_AttackSuccess_PutsTheUndefendedModelsOnTop()
    {
        var page = Open("/studies/s?metric=attack-success-rate");
        Assert.Equal(["No defense", "Fine-Pruning"], RowNames(page));
        Assert.Equal("models after the repair", page.FindAll("table.matrix tbody th .kind")[1].TextContent);
    }

    [Fact]
    public async Task Results_ReleasedHarness_ShowsItsVariantsWithErrorsAsMisses()
    {
        var page = Open("/studies/s");
        await page.InvokeAsync(() => page.Find("input[role=switch]").Change(true));

        page.WaitForAssertion(() => Assert.EndsWith("rules=released", _lab.Address, StringComparison.Ordinal));
        page.WaitForAssertion(() => Assert.Single(page.FindAll("table.matrix tbody tr")));
        Assert.Equal("0%0–30.8%n = 10", Flat(page.FindAll("table.matrix tbody button")[1].TextContent));
        Assert.Contains("counts as not detected", page.Find("p.note").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Results_MetricAndSetting_LiveInTheAddress()
    {
        var page = Open("/studies/s?setting=2");
        Assert.Equal("CIFAR-10, ResNet-8, Blended 5 %", page.Find("nav.pills [aria-current]").TextContent);

        await page.InvokeAsync(() =>
            page.FindAll(".segmented button").Single(button => button.TextContent == "CA").Click()
        );

        page.WaitForAssertion(() =>
            Assert.EndsWith("?setting=2&metric=clean-accuracy", _lab.Address, StringComparison.Ordinal)
        );
        page.WaitForAssertion(() =>
            Assert.StartsWith(
                "87.1%",
                Flat(page.Find("table.matrix tbody button").TextContent),
                StringComparison.Ordinal
            )
        );
    }

    [Theory]
    [InlineData("?setting=99&metric=no-such&rules=x")]
    [InlineData("?setting=abc")]
    public void Results_AddressWithNonsense_ShowsTheFirstView(string query)
    {
        var page = Open("/studies/s" + query);
        Assert.Equal("Detection", page.Find(".segmented [aria-pressed=true]").TextContent);
        Assert.Equal("GTSRB, ResNet-8, BadNets 10 %", page.Find("nav.pills [aria-current]").TextContent);
    }

    [Fact]
    public async Task Results_Cell_OpensItsModelsChangesAndFacts()
    {
        var page = Open("/studies/s");
        var dialogs = _lab.Render<MudDialogProvider>();

        await page.InvokeAsync(() => page.FindAll("table.matrix tbody button")[1].ClickAsync(new()));

        dialogs.WaitForAssertion(() =>
            Assert.Contains("Neural Cleanse at INT8 dynamic", dialogs.Markup, StringComparison.Ordinal)
        );
        var text = Flat(dialogs.Find(".mud-dialog").TextContent);
        Assert.Contains("−40.0 points (−70.0 to −10.0)lost 4, gained 0, p = 0.125", text, StringComparison.Ordinal);
        Assert.Contains("Multiply-adds at reduced precision98.0%", text, StringComparison.Ordinal);
        Assert.Contains("The index is decidable here", text, StringComparison.Ordinal);
        Assert.Equal(5, dialogs.FindAll("td.alarm").Count);
        Assert.Equal("/runs/run1", dialogs.Find("td a").GetAttribute("href"));
    }

    [Fact]
    public void Results_Findings_TellPublishedFromMeasured()
    {
        var rows = Open("/studies/s").FindAll("table.findings tbody tr");
        Assert.Equal("0%", rows[0].QuerySelector(".published")!.TextContent);
        Assert.Equal("50.0%", rows[0].QuerySelector(".measured")!.TextContent);
        Assert.Contains("18.7–81.3%, n = 10", rows[0].TextContent, StringComparison.Ordinal);
        Assert.Contains("not measured yet", rows[1].TextContent, StringComparison.Ordinal);
        Assert.Equal("in words only", rows[2].QuerySelector(".published")!.TextContent);
    }

    [Fact]
    public void Results_Seconds_HaveSharesAndTheirTotal()
    {
        var table = Open("/studies/s").Find("table.bars");
        Assert.Equal("Training1 h 30 min54.0%", Flat(table.QuerySelector("tbody tr")!.TextContent));
        Assert.Equal("Total2 h 47 min", Flat(table.QuerySelector("tfoot tr")!.TextContent));
    }

    [Fact]
    public void Scores_Detector_AreBoxesOfBothModelsWithOneCutAPrecision()
    {
        var setting = SampleStudies.Whole().Settings[0];
        var chart = StudyCharts.Scores(
            [.. setting.Cells.Where(cell => cell.Defense == SampleStudies.Cleanse)],
            ChartPalette.Light
        )!;

        var boxes = chart.Traces.Cast<Box>().ToList();
        Assert.Equal(["Backdoored", "Benign twin"], boxes.Select(box => box.Name));
        Assert.NotEqual(boxes[0].Marker.Symbol, boxes[1].Marker.Symbol);
        Assert.Equal(20, boxes[0].Y.Count);
        Assert.Equal(
            [(-0.46, 2.0), (0.54, 2.0)],
            chart.Layout.Shapes.Select(shape => (Math.Round((double)shape.X0, 2), (double)shape.Y0))
        );
        Assert.Equal(["FP32", "Backdoored", "1", "2.37", "2", "flagged"], chart.Table.Rows[0]);
    }

    [Fact]
    public void Scores_MethodWithoutScores_HasNoChart() => Assert.Null(StudyCharts.Scores([], ChartPalette.Light));

    [Fact]
    public void Rates_Setting_HasBarsOfBothModelsAndIntervalsInItsTable()
    {
        var chart = StudyCharts.Rates(SampleStudies.Whole().Settings[0], ChartPalette.Light)!;
        Assert.Equal(4, chart.Traces.Count);
        Assert.Equal("95.1% (93.1% to 97.1%), n = 10", chart.Table.Rows[0][1]);
    }

    private IRenderedComponent<StudyResults> Open(string address, StudyReport? report = null) =>
        _lab.Open<StudyResults>(
            address,
            parameters => parameters.Add(results => results.Report, report ?? SampleStudies.Whole())
        );

    private static IEnumerable<string> RowNames(IRenderedComponent<StudyResults> page) =>
        page.FindAll("table.matrix tbody th").Select(head => head.FirstChild!.TextContent.Trim());

    private static string Flat(string text) => string.Concat(text.Split('\n').Select(line => line.Trim()));
}
