using AngleSharp.Dom;
using BackdoorLab.Data;
using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Features.Leaderboard;
using BackdoorLab.Web.Tests.Support;
using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor;

namespace BackdoorLab.Web.Tests.Features.Leaderboard;

public sealed class LeaderboardTests : IAsyncLifetime
{
    private const string Rate = "attack-success-rate";

    private static readonly ExperimentSpec Spec = Presets.Demo.Spec with
    {
        Defenses = [new FinePruning(), new Strip()],
    };

    private readonly LabContext _lab = new();

    public Task InitializeAsync() => _lab.InitializeAsync();

    public Task DisposeAsync() => ((IAsyncLifetime)_lab).DisposeAsync();

    [Fact]
    public void Board_NoRuns_OffersOneAction()
    {
        var page = _lab.Open<LeaderboardPage>("/leaderboard");

        page.WaitForAssertion(() => Assert.Contains("No results to rank yet", page.Markup, StringComparison.Ordinal));
        Assert.Equal("/runs/new", Assert.Single(page.FindAll(".empty a")).GetAttribute("href"));
    }

    [Fact]
    public async Task Board_ThreeSeeds_ShowsMeanSpreadNAndTwin()
    {
        await _lab.Samples.Finished(Presets.Demo.Spec);
        await _lab.Samples.Finished(Presets.Demo.Spec with { Seed = 2 }, 0.02);
        await _lab.Samples.Finished(Presets.Demo.Spec with { Seed = 3 }, -0.02);

        var page = _lab.Open<LeaderboardPage>("/leaderboard?metric=sample-detection-rate");

        // STRIP detects 93 %, 95 % and 91 %: mean 93, sample standard deviation 2. Its twin rejects 4.1 % +- 2.
        page.WaitForAssertion(() =>
            Assert.Equal("93.0%", Cell(page, "BadNets", "STRIP").QuerySelector(".v")!.TextContent)
        );
        var cell = Cell(page, "BadNets", "STRIP");
        Assert.Equal(
            ["± 2.0, n = 3", "twin FPR (samples) 4.1%"],
            cell.QuerySelectorAll(".s").Select(line => line.TextContent)
        );
        Assert.Equal("100", page.Find("[role=meter]").GetAttribute("aria-valuenow"));
        Assert.Contains(
            "Not shown, since they have no detection rate of samples: No defense, Neural Cleanse, Fine-Pruning",
            page.Markup,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Board_UnlikeRuns_AreRowsThatSayWhatDiffersAndArePooledOnlyOnPurpose()
    {
        var runs = new BoardRuns(_lab.Services);
        var few = Spec with { Training = Spec.Training with { Epochs = 2 } };
        var many = Spec with { Training = Spec.Training with { Epochs = 60 } };
        await runs.Add(few, Rate, ("", 0.2), ("fine-pruning", 0.1));
        await runs.Add(many, Rate, ("", 0.8), ("fine-pruning", 0.3));

        var page = _lab.Open<LeaderboardPage>($"/leaderboard?metric={Rate}");

        page.WaitForAssertion(() =>
            Assert.Equal(
                ["2 epochs", "60 epochs"],
                page.FindAll("table.board tbody th .kind").Select(kind => kind.TextContent)
            )
        );
        Assert.Equal(
            ["20.0%", "10.0%", "80.0%", "30.0%"],
            page.FindAll("table.board tbody .v").Select(value => value.TextContent)
        );

        await page.InvokeAsync(() => page.Find(".board-pool input").ChangeAsync(new() { Value = true }));
        page.WaitForAssertion(() =>
            Assert.EndsWith("pool=training.epochs", Uri.UnescapeDataString(_lab.Address), StringComparison.Ordinal)
        );
        page.WaitForAssertion(() =>
            Assert.Equal("pooled over epochs: 2, 60", page.Find("table.board tbody th .pooled").TextContent)
        );
        Assert.Equal(["50.0%", "20.0%"], page.FindAll("table.board tbody .v").Select(value => value.TextContent));
        Assert.All(
            page.FindAll("table.board tbody .s"),
            detail => Assert.Contains("n = 2, pooled", detail.TextContent, StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Board_ModelThatIsNoVictim_IsLeftOutUntilTheAddressAsksForIt()
    {
        var runs = new BoardRuns(_lab.Services);
        await runs.Add(Spec, Rate, ("", 0.9));
        await runs.Add(Spec with { Seed = 2 }, Rate, [new(Victim.Backdoored, "it did not learn")], ("", 0.1));

        var page = _lab.Open<LeaderboardPage>($"/leaderboard?metric={Rate}");
        page.WaitForAssertion(() =>
            Assert.Equal("90.0%", Cell(page, "BadNets", "No defense").QuerySelector(".v")!.TextContent)
        );
        Assert.Equal("n = 1, 1 damaged left out", Cell(page, "BadNets", "No defense").QuerySelector(".s")!.TextContent);
        Assert.Contains(
            "1 value on models that learnt nothing, or whose backdoor did not take, is in no mean",
            page.Markup,
            StringComparison.Ordinal
        );

        await page.InvokeAsync(() =>
            page.FindAll("label")
                .Single(label => label.TextContent.Contains("Damaged models", StringComparison.Ordinal))
                .QuerySelector("input")!
                .ChangeAsync(new() { Value = true })
        );

        page.WaitForAssertion(() => Assert.EndsWith("damaged=1", _lab.Address, StringComparison.Ordinal));
        page.WaitForAssertion(() =>
            Assert.Equal("50.0%", Cell(page, "BadNets", "No defense").QuerySelector(".v")!.TextContent)
        );
    }

    [Fact]
    public async Task Board_TwinThatFires_IsNeverBest()
    {
        CellResult Row(Victim victim, string defense, string metric, double value) =>
            new()
            {
                Id = new(victim, KnownLabels.ReferencePrecision, defense),
                Outcome = Outcome.Value,
                Measurements = [new(metric, value, 100)],
            };
        await new BoardRuns(_lab.Services).Add(
            Spec,
            [],
            [
                Row(Victim.Backdoored, "fine-pruning", "detection-rate", 1),
                Row(Victim.Benign, "fine-pruning", "false-positive-rate", 1),
                Row(Victim.Backdoored, "strip", "detection-rate", 0.4),
                Row(Victim.Benign, "strip", "false-positive-rate", 0.1),
                Row(Victim.Backdoored, "neural-cleanse", "detection-rate", 0.9),
            ]
        );

        var page = _lab.Open<LeaderboardPage>("/leaderboard?metric=detection-rate");

        page.WaitForAssertion(() =>
            Assert.Equal("best", Cell(page, "BadNets", "STRIP").QuerySelector(".mark")!.TextContent)
        );
        Assert.Single(page.FindAll(".mark"));
        Assert.Equal("twin not measured", Cell(page, "BadNets", "Neural Cleanse").QuerySelector(".twin")!.TextContent);
        Assert.Contains(
            "Never best, because its benign twin is taken for poisoned as often as what is: Fine-Pruning.",
            page.Markup,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "Never best, because the twin was not measured: Neural Cleanse.",
            page.Markup,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Board_OfASingleRun_LinksItsCells()
    {
        var id = await new BoardRuns(_lab.Services).Add(Spec, Rate, ("", 0.9), ("fine-pruning", 0.1));

        var page = _lab.Open<LeaderboardPage>($"/leaderboard?metric={Rate}");

        page.WaitForAssertion(() =>
            Assert.Equal(
                $"/runs/{id}?tab=defenses",
                Cell(page, "BadNets", "Fine-Pruning").QuerySelector("a")!.GetAttribute("href")
            )
        );
        Assert.Equal($"/runs/{id}", Cell(page, "BadNets", "No defense").QuerySelector("a")!.GetAttribute("href"));
    }

    [Fact]
    public async Task Board_CellsWithoutAValue_SayWhyAndNeverNan()
    {
        await new BoardRuns(_lab.Services).Add(Spec, Rate, ("", 0.9), ("fine-pruning", null), ("strip", 0.5));
        await new BoardRuns(_lab.Services).Add(Spec with { Attack = new Blended() }, Rate, ("", 0.8));

        var page = _lab.Open<LeaderboardPage>($"/leaderboard?metric={Rate}");

        page.WaitForAssertion(() =>
            Assert.Equal("failed", Cell(page, "BadNets", "Fine-Pruning").QuerySelector(".w")!.TextContent)
        );
        Assert.Contains(
            "The loss is NaN.",
            Cell(page, "BadNets", "Fine-Pruning").TextContent,
            StringComparison.Ordinal
        );
        Assert.Equal("not run", Cell(page, "Blended", "STRIP").QuerySelector(".w")!.TextContent);
        Assert.Contains("3 of 6 cells have a value; 2 not run, 1 failed", page.Markup, StringComparison.Ordinal);
        Assert.Contains(
            "No ranks: there is no attack for which all 2 defenses have a value",
            page.Markup,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Board_Choices_ChangeTheAddress()
    {
        await _lab.Samples.Finished(Presets.Demo.Spec);
        var page = _lab.Open<LeaderboardPage>("/leaderboard?twins=off");
        page.WaitForAssertion(() => Assert.NotEmpty(page.FindAll("table.board")));
        Assert.Empty(page.FindAll(".twin"));

        await page.InvokeAsync(() =>
            page.FindAll(".segmented button").Single(button => button.TextContent == "Precisions").Click()
        );
        page.WaitForAssertion(() =>
            Assert.EndsWith("/leaderboard?twins=off&rows=precisions", _lab.Address, StringComparison.Ordinal)
        );
        page.WaitForAssertion(() => Assert.Equal(3, page.FindAll("table.board tbody tr").Count));

        await page.InvokeAsync(() => page.FindAll("select").Last().Change("clean-accuracy"));
        page.WaitForAssertion(() => Assert.EndsWith("metric=clean-accuracy", _lab.Address, StringComparison.Ordinal));
        page.WaitForAssertion(() =>
            Assert.Contains(
                "Clean accuracy, precisions by defenses under BadNets",
                page.Markup,
                StringComparison.Ordinal
            )
        );
    }

    [Fact]
    public async Task Missing_OfAnAttack_AreQueuedForEverySeedWithTheDefenseAdded()
    {
        var runs = new BoardRuns(_lab.Services);
        await runs.Add(Spec, Rate, ("", 0.9), ("fine-pruning", 0.1), ("strip", 0.5));
        var blended = Spec with { Attack = new Blended(), Defenses = [new Strip()] };
        await runs.Add(blended, Rate, ("", 0.9), ("strip", 0.4));
        await runs.Add(blended with { Seed = 2 }, Rate, ("", 0.9), ("strip", 0.4));
        var page = _lab.Open<LeaderboardPage>($"/leaderboard?metric={Rate}");
        var dialogs = _lab.Render<MudDialogProvider>();
        page.WaitForAssertion(() => Assert.Contains("Run missing cells (1)", page.Markup, StringComparison.Ordinal));

        // Not awaited: the handler ends when the dialog does.
        var asked = page.InvokeAsync(() =>
            page.FindAll("button")
                .Single(button => button.TextContent.Contains("Run missing cells", StringComparison.Ordinal))
                .ClickAsync(new())
        );
        dialogs.WaitForAssertion(() =>
            Assert.Contains(
                dialogs.FindAll("button"),
                button => button.TextContent.Contains("Queue 2 runs", StringComparison.Ordinal)
            )
        );
        Assert.Empty(await _lab.Queue.QueueAsync());
        await dialogs.InvokeAsync(() =>
            dialogs
                .FindAll("button")
                .Single(button => button.TextContent.Contains("Queue 2 runs", StringComparison.Ordinal))
                .ClickAsync(new())
        );

        await asked;
        Assert.Equal(2, _lab.Jobs.Created.Count);
        var queued = await _lab.Queue.QueueAsync();
        Assert.Equal([1L, 2L], queued.Select(run => run.Seed).Order());
        var spec = SpecJson.Parse((await _lab.Details.SpecsAsync([queued[0].Id]))[queued[0].Id]);
        Assert.Equal([typeof(Strip), typeof(FinePruning)], spec.Defenses.Select(defense => defense.GetType()));
        Assert.IsType<Blended>(spec.Attack);
    }

    [Fact]
    public async Task Missing_AlreadyQueued_AreNotQueuedAgain()
    {
        var runs = new BoardRuns(_lab.Services);
        await runs.Add(Spec, Rate, ("", 0.9), ("fine-pruning", 0.1), ("strip", 0.5));
        await runs.Add(Spec with { Attack = new Blended(), Defenses = [new Strip()] }, Rate, ("strip", 0.4));
        var missing = _lab.Services.GetRequiredService<MissingCells>();
        var view = await View();

        var plan = await missing.Plan(view, CancellationToken.None);
        Assert.Equal(1, await missing.Queue(plan, CancellationToken.None));

        var again = Assert.Single(await missing.Plan(view, CancellationToken.None));
        Assert.Equal((0, 1, 2), (again.Runs, again.UnderWay, again.Cells));
    }

    [Fact]
    public async Task Published_Values_StandDashedBesideOwnOnesAndEnterNoRank()
    {
        await new BoardRuns(_lab.Services).Add(Spec, Rate, ("", 0.9), ("fine-pruning", 0.1), ("strip", 0.5));
        await _lab
            .Services.GetRequiredService<ReferenceStore>()
            .ReplaceAsync(
                "bench.csv",
                [
                    new("synthetic-signs", "res-net8", "badnets", "fine-pruning", 0.1, 0.97, 0.02, null, "bench.csv"),
                    new("synthetic-signs", "res-net8", "wanet", "nad", 0.1, 0.97, 0.03, null, "bench.csv"),
                ]
            );

        var page = _lab.Open<LeaderboardPage>($"/leaderboard?metric={Rate}&published=on");

        page.WaitForAssertion(() =>
            Assert.Equal("3.0% publ.", Cell(page, "WaNet", "NAD").QuerySelector(".published")!.TextContent)
        );
        Assert.Contains("not run", Cell(page, "WaNet", "NAD").TextContent, StringComparison.Ordinal);
        Assert.Contains(page.FindAll("table.board .published"), value => value.TextContent == "2.0% publ.");
        Assert.Contains("3 of 3 cells have a value", page.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Taxonomy_SwitchedOn_StandsUnderEveryDefense()
    {
        await new BoardRuns(_lab.Services).Add(
            Spec,
            Rate,
            ("", 0.9),
            ("fine-pruning[pruneStep=0.05]", 0.1),
            ("strip", 0.5)
        );

        var page = _lab.Open<LeaderboardPage>($"/leaderboard?metric={Rate}&taxonomy=on");

        page.WaitForAssertion(() => Assert.NotEmpty(page.FindAll("table.board tr.axis")));
        var stage = page.FindAll("table.board tr.axis").Single(row => row.QuerySelector("th")!.TextContent == "Stage");
        var use = page.FindAll("table.board tr.axis").Single(row => row.QuerySelector("th")!.TextContent == "Use");
        Assert.Equal(
            ["", "after training", "after training"],
            stage.QuerySelectorAll("td").Select(cell => cell.TextContent)
        );
        Assert.Equal(
            ["offline", "online"],
            use.QuerySelectorAll("td").Select(cell => cell.TextContent).Skip(1).Order()
        );
    }

    [Fact]
    public async Task Published_MethodWithOwnSettings_StandsInItsColumn()
    {
        await new BoardRuns(_lab.Services).Add(Spec, Rate, ("", 0.9), ("fine-pruning[pruneStep=0.05]", 0.1));
        await _lab
            .Services.GetRequiredService<ReferenceStore>()
            .ReplaceAsync(
                "bench.csv",
                [new("synthetic-signs", "res-net8", "badnets", "fine-pruning", 0.1, 0.97, 0.02, null, "bench.csv")]
            );

        var page = _lab.Open<LeaderboardPage>($"/leaderboard?metric={Rate}&published=on");

        page.WaitForAssertion(() =>
            Assert.Equal("2.0% publ.", Cell(page, "BadNets", "Fine-Pruning").QuerySelector(".published")!.TextContent)
        );
        Assert.Equal(3, page.FindAll("table.board thead th").Count);
    }

    private async Task<BoardView> View()
    {
        var metric = BoardMetrics.Find(Rate);
        var filter = LeaderboardQuery.Filter(
            await _lab.Boards.ChoicesAsync(null, null, null),
            metric,
            null,
            null,
            null
        );
        return new(await _lab.Boards.ReadAsync(filter), metric, [], []);
    }

    private static IElement Cell(IRenderedComponent<LeaderboardPage> page, string row, string column)
    {
        var heads = page.FindAll("table.board thead th").Select(head => head.TextContent.Trim()).ToList();
        var place = heads.FindIndex(head => head.StartsWith(column, StringComparison.Ordinal));
        return page.FindAll("table.board tbody tr")
            .Single(line => line.QuerySelector("th")!.TextContent.Trim() == row)
            .QuerySelectorAll("td")[place - 1];
    }
}
