namespace BackdoorLab.Data.Tests.Queries;

/// <summary>The leaderboard's query on small examples computed by hand.</summary>
public sealed class BoardTests : LabTest
{
    private const string Rate = "attack-success-rate";

    private static readonly BoardFilter Attacks = new()
    {
        Dataset = "gtsrb",
        Model = "res-net8",
        PoisonRate = 0.1,
        Metric = Rate,
        TwinMetric = Rate,
    };

    [Fact]
    public async Task Board_Seeds_HaveMeanSampleDeviationAndN()
    {
        foreach (var (seed, rate) in new[] { (1, 0.8), (2, 0.9), (3, 1.0) })
        {
            await Lab.EndedAsync(
                Samples.Content(seed: seed),
                [
                    Samples.Value(Samples.Key("strip"), (Rate, rate), ("other", 7)),
                    Samples.Value(Samples.Key("strip", victim: Victim.Benign), (Rate, rate / 10)),
                ]
            );
        }

        var board = await Lab.Boards.ReadAsync(Attacks);

        var cell = Assert.Single(board.Cells);
        Assert.Equal((3, 3, 0), (board.Runs, cell.Value!.N, cell.Value.Disagreeing));
        Assert.Equal(0.9, cell.Value.Mean, 12);
        Assert.Equal(0.1, cell.Value.StandardDeviation!.Value, 12);
        Assert.Equal((0.8, 1.0), (cell.Value.Minimum, cell.Value.Maximum));
        Assert.Equal(0.09, cell.Twin!.Mean, 12);
        Assert.Null(cell.OnlyRun);
        Assert.Equal(("badnets", "strip"), (cell.Row, cell.Defense));
    }

    [Fact]
    public async Task Board_ChecksOfModelsFromFiles_AreNoRowAndNoChoice()
    {
        await Lab.EndedAsync(Samples.Content(), [Samples.Value(Samples.Key(), (Rate, 0.75))]);
        var check = await Lab.EndedAsync(
            Samples.Content(config: "check", attack: KnownLabels.UnknownAttack) with
            {
                PoisonRate = 0.1,
                TargetLabel = null,
            },
            [
                Samples.Value(Samples.Key(victim: Victim.Suspect), (Metric.CleanAccuracy.Id, 0.9)),
                Samples.Value(Samples.Key("strip", victim: Victim.Suspect), ("flagged", 1)),
            ]
        );

        var board = await Lab.Boards.ReadAsync(Attacks);
        var choices = await Lab.Boards.ChoicesAsync(null, null, null);
        var matrix = await Lab.Matrices.ReadAsync(new MatrixFilter(), Rate);

        Assert.Equal((1, "badnets"), (board.Runs, Assert.Single(board.Cells).Row));
        Assert.Equal(["badnets"], choices.Attacks);
        Assert.Equal(1, matrix.Runs);

        // The lists show its accuracy; an attack success rate it has none.
        var item = await Lab.ItemAsync(check);
        Assert.Equal((0.9, null), (item.CleanAccuracy, item.AttackSuccessRate));
    }

    [Fact]
    public async Task Board_SingleSeed_HasNoSpreadAndNamesItsRun()
    {
        var run = await Lab.EndedAsync(Samples.Content(), [Samples.Value(Samples.Key(), (Rate, 0.75))]);

        var cell = Assert.Single((await Lab.Boards.ReadAsync(Attacks)).Cells);

        Assert.Equal(
            (1, 0.75, null, run),
            (cell.Value!.N, cell.Value.Mean, cell.Value.StandardDeviation, cell.OnlyRun)
        );
        Assert.Null(cell.Twin);
    }

    [Fact]
    public async Task Board_LaterRunWithOneDefenseMore_DoesNotCountItsSeedTwice()
    {
        await Lab.EndedAsync(
            Samples.Content(config: "two defenses", seed: 1),
            [Samples.Value(Samples.Key(), (Rate, 0.5))]
        );
        await Lab.EndedAsync(
            Samples.Content(config: "three defenses", seed: 1),
            [Samples.Value(Samples.Key(), (Rate, 0.5)), Samples.Value(Samples.Key("strip"), (Rate, 0.1))]
        );
        await Lab.EndedAsync(
            Samples.Content(config: "two defenses", seed: 2),
            [Samples.Value(Samples.Key(), (Rate, 0.7))]
        );

        var board = await Lab.Boards.ReadAsync(Attacks);

        var undefended = board.Find("badnets", "")!;
        Assert.Equal((2, 3, 0), (undefended.Value!.N, undefended.Parts.Count, undefended.Value.Disagreeing));
        Assert.Equal(0.6, undefended.Value.Mean, 12);
        Assert.Equal(1, board.Find("badnets", "strip")!.Value!.N);
    }

    [Fact]
    public async Task Board_OutcomesWithoutAValue_AreCountedAndNeverAveraged()
    {
        var key = Samples.Key("strip");
        var failed = new CellResult
        {
            Id = key,
            Outcome = Outcome.Failed,
            Reason = "out of memory",
        };
        await Lab.EndedAsync(Samples.Content(seed: 1), [Samples.Value(key, (Rate, 0.5))]);
        await Lab.EndedAsync(Samples.Content(seed: 2), [failed]);
        await Lab.EndedAsync(
            Samples.Content(seed: 3),
            [failed with { Outcome = Outcome.NotApplicable, Reason = "no gradients" }]
        );
        await Lab.EndedAsync(Samples.Content(seed: 4), [failed with { Outcome = Outcome.TimedOut, Reason = "60 s" }]);

        // A number beside a failure is no result.
        await Lab.EndedAsync(Samples.Content(seed: 5), [failed with { Measurements = [new(Rate, 0)] }]);

        var cell = Assert.Single((await Lab.Boards.ReadAsync(Attacks)).Cells);

        Assert.Equal((1, 0.5), (cell.Value!.N, cell.Value.Mean));
        Assert.Equal(
            (1, 2, 1, 1),
            (
                cell.Outcomes[Outcome.Value],
                cell.Outcomes[Outcome.Failed],
                cell.Outcomes[Outcome.NotApplicable],
                cell.Outcomes[Outcome.TimedOut]
            )
        );
        Assert.Equal("out of memory", cell.Reason);
        Assert.Equal((5, 5), (cell.Seeds, cell.Parts.Count));
    }

    [Fact]
    public async Task Board_RunUnderWay_SaysThatItsOpenCellsWait()
    {
        var running = await Lab.RunningAsync();
        await Lab.Recording.RecordAsync(
            running.Id,
            running.Attempt,
            new RunChanges
            {
                Plan = new RunPlan([], [Samples.Key(), Samples.Key("strip")], new Dictionary<string, string>(), 10),
                Cells = [Samples.Value(Samples.Key(), (Rate, 0.7))],
            }
        );

        var board = await Lab.Boards.ReadAsync(Attacks);

        Assert.Equal(
            (1, Outcome.NotRun),
            (board.Find("badnets", "strip")!.Waiting, board.Find("badnets", "strip")!.Outcome)
        );
        Assert.Equal(0, board.Find("badnets", "")!.Waiting);
    }

    [Fact]
    public async Task Board_OfPrecisions_KeepsToItsAttack()
    {
        await Lab.EndedAsync(
            Samples.Content(config: "a"),
            [
                Samples.Value(Samples.Key(precision: "int8"), (Rate, 0.3)),
                Samples.Value(Samples.Key(), (Rate, 0.6), ("clean-accuracy", 0.9)),
            ]
        );
        await Lab.EndedAsync(
            Samples.Content(config: "b", attack: "blended"),
            [Samples.Value(Samples.Key(precision: "int4"), (Rate, 0.9))]
        );

        var board = await Lab.Boards.ReadAsync(Attacks with { Rows = BoardRows.Precisions, Attack = "badnets" });

        Assert.Equal(["float32", "int8"], board.Rows);
        Assert.Equal(
            (0.3, 0.6, 1),
            (
                board.Find("int8", "")!.Value!.Mean,
                board.Find("float32", "")!.Value!.Mean,
                board.Find("float32", "")!.Seeds
            )
        );
    }

    [Fact]
    public async Task BoardCellRuns_OfACell_AreListedNewestFirst()
    {
        var first = await Lab.EndedAsync(
            Samples.Content(seed: 1),
            [Samples.Value(Samples.Key("strip"), (Rate, 0.5)) with { Notes = ["read this"] }]
        );
        var second = await Lab.EndedAsync(
            Samples.Content(seed: 2),
            [
                new CellResult
                {
                    Id = Samples.Key("strip"),
                    Outcome = Outcome.Failed,
                    Reason = "no memory",
                },
            ]
        );

        var board = await Lab.Boards.ReadAsync(Attacks);
        var runs = await Lab.BoardCells.RunsAsync(board, board.Find("badnets", "strip")!);

        Assert.Equal([second, first], runs.Select(run => run.RunId));
        Assert.Equal((Outcome.Failed, "no memory", null), (runs[0].Outcome, runs[0].Reason, runs[0].Value));
        Assert.Equal((2, 1), (runs[0].Seed, runs[1].Seed));
        Assert.Equal((0.5, "read this"), (runs[1].Value, runs[1].Notes[0]));
    }

    [Fact]
    public async Task BoardChoices_NothingAsked_AreWhatMostRunsHave()
    {
        await Lab.EndedAsync(
            Samples.Content(config: "a", dataset: "cifar10"),
            [Samples.Value(Samples.Key(), (Rate, 0.5))]
        );
        await Lab.EndedAsync(
            Samples.Content(config: "b", attack: "blended"),
            [Samples.Value(Samples.Key(precision: "int8"), (Rate, 0.5))]
        );
        await Lab.EndedAsync(Samples.Content(config: "c"), [Samples.Value(Samples.Key(), (Rate, 0.5))]);

        var choices = await Lab.Boards.ChoicesAsync(null, null, null);

        Assert.Equal(("gtsrb", "res-net8", 0.1), (choices.Dataset, choices.Model, choices.Rate));
        Assert.Equal(["cifar10", "gtsrb"], choices.Datasets);
        Assert.Equal(["badnets", "blended"], choices.Attacks);
        Assert.Equal(["float32", "int8"], choices.Precisions);
        Assert.Equal("cifar10", (await Lab.Boards.ChoicesAsync("cifar10", "no-such-model", 0.7)).Dataset);
        Assert.Equal("gtsrb", (await Lab.Boards.ChoicesAsync("no-such-data", null, null)).Dataset);
    }

    [Fact]
    public async Task BoardChoices_EmptyLab_NameNothing() =>
        Assert.Null((await Lab.Boards.ChoicesAsync(null, null, null)).Dataset);

    [Fact]
    public async Task BoardSources_NameTheNewestRunsAndWhoHasADefense()
    {
        var plain = await Lab.EndedAsync(
            Samples.Content(config: "a", seed: 1),
            [Samples.Value(Samples.Key(), (Rate, 0.5))]
        );
        var defended = await Lab.EndedAsync(
            Samples.Content(config: "b", seed: 2, attack: "blended"),
            [Samples.Value(Samples.Key("strip", "int8"), (Rate, 0.5))]
        );

        var sources = await Lab.BoardCells.SourcesAsync(Attacks);

        Assert.Equal(
            [(defended, "blended", "b", 2L), (plain, "badnets", "a", 1L)],
            sources.Bases.Select(run => (run.RunId, run.Attack, run.ConfigHash, run.Seed))
        );
        Assert.Equal(defended, sources.Defenses["strip"]);
        Assert.Equal(plain, sources.Precisions["float32"]);
        Assert.Equal(2, (await Lab.Details.SpecsAsync([plain, defended, "none"])).Count);
        Assert.Equal(plain, Assert.Single(await Lab.List.OfConfigurationsAsync(["a", "z"])).Id);
    }
}
