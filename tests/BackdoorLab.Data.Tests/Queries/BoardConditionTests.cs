namespace BackdoorLab.Data.Tests.Queries;

/// <summary>What a leaderboard pools and what it does not.</summary>
public sealed class BoardConditionTests : LabTest
{
    private const string Rate = "attack-success-rate";
    private const string Accuracy = "clean-accuracy";

    private static readonly BoardFilter Attacks = new()
    {
        Dataset = "gtsrb",
        Model = "res-net8",
        PoisonRate = 0.1,
        Metric = Rate,
    };

    [Fact]
    public async Task Board_UnlikeRuns_AreRowsOfTheirOwn()
    {
        await Ended(1, 0.2, "\"training\":{\"epochs\":2}");
        await Ended(2, 0.4, "\"training\":{\"epochs\":2}");
        await Ended(3, 0.9, "\"training\":{\"epochs\":6}");

        var board = await Lab.Boards.ReadAsync(Attacks);

        Assert.Equal(2, board.Rows.Count);
        Assert.All(board.Rows, row => Assert.Equal("badnets", board.LabelOf(row)));
        Assert.Equal([2, 1], board.Rows.Select(row => board.Find(row, "")!.Value!.N));
        Assert.Equal(0.3, board.Find(board.Rows[0], "")!.Value!.Mean, 12);
        Assert.Contains("\"epochs\":6", board.Conditions[board.Rows[1]].Condition, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Board_EqualSpecsOnOtherData_AreRowsOfTheirOwnUntilDataIsPooled()
    {
        foreach (var (seed, classes) in new[] { (1, 4), (2, 2), (3, 3) })
        {
            await Ended(seed, classes / 10.0, data: new($"source {classes}", "", classes, 20 * classes, 5 * classes));
        }

        var board = await Lab.Boards.ReadAsync(Attacks);
        var pooled = await Lab.Boards.ReadAsync(Attacks with { Pool = ["data"] });

        Assert.Equal(3, board.Rows.Count);
        Assert.All(board.Cells, cell => Assert.Equal(1, cell.Value!.N));
        var row = pooled.Conditions[Assert.Single(pooled.Rows)];
        Assert.Equal(
            (3, 0.3),
            (pooled.Find(row.Id, "")!.Value!.N, Math.Round(pooled.Find(row.Id, "")!.Value!.Mean, 12))
        );
        Assert.Equal(["gtsrb, 2 classes", "gtsrb, 3 classes", "gtsrb, 4 classes"], row.Pooled["data"]);
    }

    [Theory]
    [InlineData("epochs")]
    [InlineData("training.epochs")]
    public async Task Board_PooledOverAnAxis_SaysItsValuesAndCountsSeedsOfAConditionOnce(string axis)
    {
        await Ended(1, 0.2, "\"training\":{\"epochs\":2,\"width\":1}");
        await Ended(1, 0.6, "\"training\":{\"epochs\":6,\"width\":1}");
        await Ended(1, 0.9, "\"training\":{\"epochs\":6,\"width\":2}");

        var board = await Lab.Boards.ReadAsync(Attacks with { Pool = [axis] });

        Assert.Equal(2, board.Rows.Count);
        var both = board.Conditions[board.Rows[0]];
        Assert.Equal(["2", "6"], both.Pooled["training.epochs"]);
        Assert.Equal(
            (2, 0.4, 0),
            board.Find(both.Id, "")!.Value switch
            {
                var value => (value!.N, Math.Round(value.Mean, 12), value.Disagreeing),
            }
        );
        Assert.Empty(board.Conditions[board.Rows[1]].Pooled);
    }

    [Fact]
    public async Task Board_RunWithOneDefenseMore_PoolsWithItsLike()
    {
        await Ended(1, 0.2, "\"defenses\":[{\"id\":\"strip\",\"overlays\":5}]", defenses: ["strip"]);
        await Ended(
            2,
            0.4,
            "\"defenses\":[{\"id\":\"strip\",\"overlays\":5},{\"id\":\"nad\"}]",
            defenses: ["strip", "nad"]
        );

        var board = await Lab.Boards.ReadAsync(Attacks);

        Assert.Equal(
            [("", 2), ("nad", 1), ("strip", 2)],
            board.Defenses.Select(label => (label, board.Find("badnets", label)!.Value!.N))
        );
    }

    [Fact]
    public async Task Board_ALabelWithOtherParameters_IsAColumnOfItsOwn()
    {
        // As before and after a default changed: the label stayed.
        await Ended(
            1,
            0.2,
            "\"defenses\":[{\"id\":\"clustering\",\"reduction\":\"independent\"}]",
            defenses: ["clustering"]
        );
        await Ended(
            2,
            0.4,
            "\"defenses\":[{\"id\":\"clustering\",\"reduction\":\"principal\"}]",
            defenses: ["clustering"]
        );

        var board = await Lab.Boards.ReadAsync(Attacks);

        Assert.Equal(["", "clustering[reduction=independent]", "clustering[reduction=principal]"], board.Defenses);
        var cell = board.Find("badnets", "clustering[reduction=principal]")!;
        Assert.Equal((1, 0.4), (cell.Value!.N, cell.Value.Mean));
        Assert.Equal(2, Assert.Single(await Lab.BoardCells.RunsAsync(board, cell)).Seed);
        Assert.Equal(2, board.Find("badnets", "")!.Value!.N);
    }

    [Fact]
    public async Task Board_OtherThreads_AreRowsOfTheirOwn()
    {
        await Ended(1, 0.892, threads: "2");
        await Ended(1, 0.942, threads: "1");

        var board = await Lab.Boards.ReadAsync(Attacks);

        Assert.Equal(2, board.Rows.Count);
        Assert.All(board.Cells, cell => Assert.Equal((1, 0), (cell.Value!.N, cell.Value.Disagreeing)));
    }

    [Fact]
    public async Task Board_RepeatsThatDisagree_AreOneSeedWithItsRangeAndAllItsRuns()
    {
        var first = await Ended(1, 0.892);
        var second = await Ended(1, 0.942);

        var board = await Lab.Boards.ReadAsync(Attacks);
        var times = await Lab.Boards.ReadAsync(Attacks with { Repeatable = false });

        var cell = Assert.Single(board.Cells);
        Assert.Equal(
            (1, 1, 0.892, 0.942),
            (cell.Value!.N, cell.Value.Disagreeing, cell.Value.Minimum, cell.Value.Maximum)
        );
        Assert.Equal(0.917, cell.Value.Mean, 12);
        Assert.Equal([second, first], cell.Parts.Select(part => part.RunId));
        Assert.Equal(0, Assert.Single(times.Cells).Value!.Disagreeing);
    }

    [Fact]
    public async Task Board_RepeatThatFailed_DoesNotHideTheValueOfTheOther()
    {
        await Ended(1, 0.5);
        await Lab.EndedAsync(
            Samples.Content(),
            [
                new CellResult
                {
                    Id = Samples.Key(),
                    Outcome = Outcome.Failed,
                    Reason = "no memory",
                },
            ],
            RunState.Failed
        );

        var cell = Assert.Single((await Lab.Boards.ReadAsync(Attacks)).Cells);

        Assert.Equal((1, 1, Outcome.Value), (cell.Value!.N, cell.Seeds, Assert.Single(cell.Outcomes).Key));
    }

    [Fact]
    public async Task Board_ModelThatIsNoVictim_IsInNoMeanUnlessAskedFor()
    {
        await Ended(1, 0.9);
        await Ended(2, 0.1, damage: "the backdoored model did not learn");

        var board = await Lab.Boards.ReadAsync(Attacks);
        var all = await Lab.Boards.ReadAsync(Attacks with { Damaged = true });

        Assert.Equal(
            (1, 0.9, 1),
            (
                board.Find("badnets", "")!.Value!.N,
                board.Find("badnets", "")!.Value!.Mean,
                board.Find("badnets", "")!.Damaged
            )
        );
        Assert.Equal((2, 0.5), (all.Find("badnets", "")!.Value!.N, all.Find("badnets", "")!.Value!.Mean));
        Assert.Equal(
            "the backdoored model did not learn",
            (await Lab.BoardCells.RunsAsync(board, board.Cells[0]))[0].Damage
        );
        var matrix = await Lab.Matrices.ReadAsync(new MatrixFilter(), Rate);
        Assert.Equal((1, 1), (matrix.Cells[0].Value!.N, matrix.Cells[0].Damaged));
    }

    [Fact]
    public async Task Victim_OfANewAttempt_IsJudgedAnew()
    {
        var run = await Lab.RunningAsync();
        await Lab.Recording.RecordAsync(
            run.Id,
            run.Attempt,
            new RunChanges { Victims = [new(Victim.Backdoored, "no"), new(Victim.Benign, "neither")] }
        );
        Assert.Equal(
            ("no", "neither"),
            (await Lab.ItemAsync(run.Id)) switch
            {
                var item => (item.BackdooredDamage, item.BenignDamage),
            }
        );

        await Lab.Recording.RecordAsync(
            run.Id,
            run.Attempt,
            new RunChanges
            {
                Plan = new RunPlan([], [Samples.Key()], new Dictionary<string, string>(), 1),
                Victims = [new(Victim.Benign, "still")],
            }
        );

        Assert.Equal(
            ("", "still"),
            (await Lab.ItemAsync(run.Id)) switch
            {
                var item => (item.BackdooredDamage, item.BenignDamage),
            }
        );
    }

    [Fact]
    public async Task Board_Changes_ArePairedByRun()
    {
        // The run without the repair is a poor network: over all runs the repair would seem to gain accuracy.
        await Lab.EndedAsync(Samples.Content(seed: 1), [Pair("", 0.9, 1.0), Pair("nad", 0.8, 0.2)]);
        await Lab.EndedAsync(Samples.Content(seed: 2), [Pair("", 0.1, 0.1)]);

        var change = (await Lab.Boards.ReadAsync(Attacks)).Find("badnets", "nad")!.Change!;

        Assert.Equal((1, 1.0, 0.2), (change.Lost.N, change.Before.Mean, change.After.Mean));
        Assert.Equal(0.1, change.Lost.Mean, 12);
    }

    [Fact]
    public async Task Board_Youden_IsPairedByRun()
    {
        const string Detection = "detection-rate",
            Alarms = "false-positive-rate";
        await Lab.EndedAsync(
            Samples.Content(seed: 1),
            [
                Samples.Value(Samples.Key("strip"), (Detection, 0.9)),
                Samples.Value(Samples.Key("strip", victim: Victim.Benign), (Alarms, 0.2)),
            ]
        );
        await Lab.EndedAsync(Samples.Content(seed: 2), [Samples.Value(Samples.Key("strip"), (Detection, 0.1))]);

        var cell = Assert.Single(
            (await Lab.Boards.ReadAsync(Attacks with { Metric = Detection, TwinMetric = Alarms })).Cells
        );

        Assert.Equal((2, 1, 0.7), (cell.Value!.N, cell.Youden!.N, Math.Round(cell.Youden.Mean, 12)));
    }

    private static CellResult Pair(string defense, double accuracy, double rate) =>
        Samples.Value(Samples.Key(defense), (Accuracy, accuracy), (Rate, rate));

    private Task<string> Ended(
        long seed,
        double rate,
        string members = "",
        DataContent? data = null,
        string? threads = null,
        string damage = "",
        string[]? defenses = null
    )
    {
        CellId[] keys = [Samples.Key(), .. (defenses ?? []).Select(label => Samples.Key(label))];
        var machine = new Dictionary<string, string>();
        if (threads is not null)
        {
            machine["threads"] = threads;
        }

        return Lab.EndedAsync(
            Samples.Content(seed: seed, spec: Samples.Spec(members: members)),
            [.. keys.Select(key => Samples.Value(key, (Rate, rate)))],
            first: new RunChanges
            {
                Plan = new RunPlan([], keys, machine, 1) { Data = data },
                Victims = [new(Victim.Backdoored, damage)],
            }
        );
    }
}
