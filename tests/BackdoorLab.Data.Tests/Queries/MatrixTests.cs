namespace BackdoorLab.Data.Tests.Queries;

public sealed class MatrixTests : LabTest
{
    private const string Rate = "attack-success-rate";

    [Fact]
    public async Task Matrix_Seeds_AreAveraged()
    {
        foreach (var (seed, rate) in new[] { (1, 0.8), (2, 0.9), (3, 1.0) })
        {
            await Lab.EndedAsync(
                Samples.Content(seed: seed),
                [Samples.Value(Samples.Key("strip", "int8-static"), (Rate, rate), ("other", 5))]
            );
        }

        var matrix = await Lab.Matrices.ReadAsync(new MatrixFilter(), Rate);

        var cell = Assert.Single(matrix.Cells);
        Assert.Equal(("strip", "int8-static", 3), (cell.Defense, cell.Precision, cell.Value!.N));
        Assert.Equal(0.9, cell.Value.Mean, 12);
        Assert.Equal(0.1, cell.Value.StandardDeviation!.Value, 12);
        Assert.Equal((0.8, 1.0), (cell.Value.Minimum, cell.Value.Maximum));
        Assert.Equal((3, 1), (matrix.Runs, matrix.Conditions.Count));
    }

    [Fact]
    public async Task Matrix_SingleSeed_HasNoSpread()
    {
        await Lab.EndedAsync(Samples.Content(), [Samples.Value(Samples.Key(), (Rate, 0.75))]);

        var cell = Assert.Single((await Lab.Matrices.ReadAsync(new MatrixFilter(), Rate)).Cells);

        Assert.Equal((1, 0.75, null), (cell.Value!.N, cell.Value.Mean, cell.Value.StandardDeviation));
    }

    [Fact]
    public async Task Matrix_RepeatsOfASeedThatDisagree_AreShownAndNoneOfThemWins()
    {
        var first = await Lab.EndedAsync(Samples.Content(seed: 1), [Samples.Value(Samples.Key(), (Rate, 0.2))]);
        var second = await Lab.EndedAsync(
            Samples.Content(seed: 1),
            [Samples.Value(Samples.Key(), (Rate, 0.6))],
            RunState.Cancelled
        );
        var other = await Lab.EndedAsync(Samples.Content(seed: 2), [Samples.Value(Samples.Key(), (Rate, 0.8))]);
        var trashed = await Lab.EndedAsync(Samples.Content(seed: 1), [Samples.Value(Samples.Key(), (Rate, 0))]);
        await Lab.Bulk.DeleteAsync(RunSelection.Of([trashed]));

        var cell = Assert.Single((await Lab.Matrices.ReadAsync(new MatrixFilter(), Rate)).Cells);

        // Seed 1 is one observation, 0.4; seed 2 another.
        Assert.Equal([other, second, first], cell.RunIds);
        Assert.Equal((2, 1, 0.2, 0.8), (cell.Value!.N, cell.Value.Disagreeing, cell.Value.Minimum, cell.Value.Maximum));
        Assert.Equal(0.6, cell.Value.Mean, 12);
    }

    [Fact]
    public async Task Matrix_SeveralConditions_ShowsTheOneThatIsNamedOrHasMostSeeds()
    {
        await Lab.EndedAsync(Samples.Content(seed: 1), [Samples.Value(Samples.Key(), (Rate, 0.2))]);
        await Lab.EndedAsync(Samples.Content(seed: 2), [Samples.Value(Samples.Key(), (Rate, 0.4))]);
        await Lab.EndedAsync(
            Samples.Content(seed: 3, spec: Samples.Spec(members: "\"training\":{\"epochs\":2}")),
            [Samples.Value(Samples.Key(), (Rate, 1.0))]
        );

        var usual = await Lab.Matrices.ReadAsync(new MatrixFilter(), Rate);
        var named = await Lab.Matrices.ReadAsync(new MatrixFilter { Condition = usual.Conditions[1].Key }, Rate);

        Assert.Equal([2, 1], usual.Conditions.Select(condition => condition.Seeds));
        Assert.Equal(
            (2, 0.3),
            (usual.Find("", "float32")!.Value!.N, Math.Round(usual.Find("", "float32")!.Value!.Mean, 12))
        );
        Assert.Equal((1, 1.0), (named.Find("", "float32")!.Value!.N, named.Find("", "float32")!.Value!.Mean));
        Assert.Contains("\"epochs\":2", named.Condition!.Json, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Matrix_RunsThatFailedOrAreUnderWay_CountWithTheCellsTheyHave()
    {
        await Lab.EndedAsync(Samples.Content(), [Samples.Value(Samples.Key(), (Rate, 0.2))], RunState.Failed);
        Lab.Clock.Advance(1);
        var running = await Lab.RunningAsync(Samples.Content(seed: 2));
        await Lab.Recording.RecordAsync(
            running.Id,
            running.Attempt,
            new RunChanges
            {
                Plan = new RunPlan([], [Samples.Key(), Samples.Key("strip")], new Dictionary<string, string>(), 10),
                Cells = [Samples.Value(Samples.Key(), (Rate, 0.7))],
            }
        );
        Lab.Clock.Advance(1);
        await Lab.Store.QueuedAsync();

        var matrix = await Lab.Matrices.ReadAsync(new MatrixFilter(), Rate);

        Assert.Equal(0.45, matrix.Find("", "float32")!.Value!.Mean, 12);
        var open = matrix.Find("strip", "float32")!;
        Assert.Equal((null, 1), (open.Value, open.Outcomes[Outcome.NotRun]));
        Assert.Equal(["", "strip"], matrix.Defenses);
        Assert.Null(matrix.Find("strip", "int4"));
    }

    [Fact]
    public async Task Matrix_OutcomesWithoutAValue_AreCountedAndNeverAveraged()
    {
        var key = Samples.Key("strip");
        var failed = new CellResult
        {
            Id = key,
            Outcome = Outcome.Failed,
            Reason = "out of memory",
        };
        await Lab.EndedAsync(Samples.Content(seed: 1), [Samples.Value(key, (Rate, 0.5)) with { Notes = ["n1", "n2"] }]);
        await Lab.EndedAsync(Samples.Content(seed: 2), [failed with { Reason = "other" }]);
        await Lab.EndedAsync(Samples.Content(seed: 3), [failed]);
        await Lab.EndedAsync(Samples.Content(seed: 4), [failed]);
        await Lab.EndedAsync(
            Samples.Content(seed: 5),
            [failed with { Outcome = Outcome.NotApplicable, Reason = "no gradients" }]
        );
        await Lab.EndedAsync(
            Samples.Content(seed: 6),
            [Samples.Value(key, ("another-metric", 0)) with { Notes = ["n2"] }]
        );

        var cell = Assert.Single((await Lab.Matrices.ReadAsync(new MatrixFilter(), Rate)).Cells);

        Assert.Equal((1, 0.5), (cell.Value!.N, cell.Value.Mean));
        Assert.Equal(2, cell.Outcomes[Outcome.Value]);
        Assert.Equal(3, cell.Outcomes[Outcome.Failed]);
        Assert.Equal(1, cell.Outcomes[Outcome.NotApplicable]);
        Assert.False(cell.Outcomes.ContainsKey(Outcome.TimedOut));
        Assert.Equal(["out of memory", "no gradients", "other"], cell.Reasons);
        Assert.Equal(["n2", "n1"], cell.Notes);
        Assert.Equal(6, cell.RunIds.Count);
    }

    [Fact]
    public async Task Matrix_Filter_ChoosesRunsAndVictim()
    {
        var benign = Samples.Key(victim: Victim.Benign);
        await Lab.EndedAsync(
            Samples.Content(config: "a", attack: "badnets"),
            [Samples.Value(Samples.Key(), (Rate, 0.9)), Samples.Value(benign, (Rate, 0.1))]
        );
        await Lab.EndedAsync(
            Samples.Content(config: "b", attack: "blended"),
            [Samples.Value(Samples.Key(), (Rate, 0.5))]
        );

        async Task<double?> MeanAsync(MatrixFilter filter) =>
            (await Lab.Matrices.ReadAsync(filter, Rate)).Find("", "float32")?.Value?.Mean;

        // Two attacks have no mean: the newer one is shown.
        Assert.Equal(0.5, await MeanAsync(new MatrixFilter()));
        Assert.Equal(
            0.9,
            await MeanAsync(
                new MatrixFilter
                {
                    Attack = "badnets",
                    Dataset = "gtsrb",
                    Model = "res-net8",
                    PoisonRate = 0.1,
                }
            )
        );
        Assert.Equal(0.1, await MeanAsync(new MatrixFilter { Attack = "badnets", Victim = Victim.Benign }));
        Assert.Null(await MeanAsync(new MatrixFilter { PoisonRate = 0.05 }));
        Assert.Null(await MeanAsync(new MatrixFilter { Dataset = "cifar10" }));
    }
}
