namespace BackdoorLab.Data.Tests.Queries;

/// <summary>
/// What the pages ask of a large lab is answered by a few commands, however many rows they read; how long they take is
/// measured in <c>bench/</c>. Specs have their real size.
/// </summary>
public sealed class ScaleTests(ScaleTests.LargeLab large) : IClassFixture<ScaleTests.LargeLab>
{
    private const int Runs = 8000;
    private const int Setting = Runs / 80;
    private const int Commands = 12;

    [Theory]
    [InlineData(RunSort.Created, null)]
    [InlineData(RunSort.AttackSuccessRate, null)]
    [InlineData(RunSort.Name, null)]
    [InlineData(RunSort.Created, "run-19")]
    public async Task FirstPage_OfManyRuns_TakesFewCommands(RunSort sort, string? text)
    {
        var page = await CountedAsync(
            $"list by {sort}, text '{text}'",
            () => large.Lab.List.ListAsync(new RunFilter { Text = text }, [new(sort, true)], 0, 25)
        );

        Assert.Equal(25, page.Items.Count);
        Assert.Equal(text is null ? Runs : 111, page.Total);
    }

    [Fact]
    public async Task LastPage_OfManyRuns_TakesFewCommands()
    {
        var page = await CountedAsync(
            "last page",
            () => large.Lab.List.ListAsync(new RunFilter(), [new(RunSort.Created, false)], (Runs / 25) - 1, 25)
        );

        Assert.Equal("run-7999", page.Items[^1].Name);
    }

    [Fact]
    public async Task Overview_OfManyRuns_TakesFewCommands()
    {
        var counts = await CountedAsync("counts", () => large.Lab.Facets.CountsAsync());
        var values = await CountedAsync("filter values", () => large.Lab.Facets.FilterValuesAsync());
        var latest = await CountedAsync("latest finished", () => large.Lab.List.LatestFinishedAsync(10));

        Assert.Equal(Runs, counts[RunState.Succeeded]);
        Assert.Equal((4, 4, 5), (values.Datasets.Count, values.Models.Count, values.Attacks.Count));
        Assert.Equal("run-7999", latest[0].Name);
    }

    [Fact]
    public async Task Matrix_Of16DefensesBy4Precisions_TakesFewCommands()
    {
        var matrix = await CountedAsync(
            "matrix",
            () =>
                large.Lab.Matrices.ReadAsync(
                    new MatrixFilter
                    {
                        Dataset = "dataset-0",
                        Model = "model-0",
                        Attack = "attack-0",
                    },
                    "attack-success-rate"
                )
        );

        Assert.Equal((17, 4, Setting), (matrix.Defenses.Count, matrix.Precisions.Count, matrix.Runs));
        Assert.All(matrix.Cells, cell => Assert.Equal((5, Setting), (cell.Value!.N, cell.RunIds.Count)));
    }

    [Fact]
    public async Task Board_Of16Defenses_TakesFewCommands()
    {
        var choices = await CountedAsync(
            "choices of the leaderboard",
            () => large.Lab.Boards.ChoicesAsync("dataset-0", "model-0", null)
        );
        var board = await CountedAsync(
            "leaderboard",
            () =>
                large.Lab.Boards.ReadAsync(
                    new BoardFilter
                    {
                        Dataset = "dataset-0",
                        Model = "model-0",
                        PoisonRate = 0,
                        Rows = BoardRows.Precisions,
                        Attack = "attack-0",
                        Metric = "attack-success-rate",
                        TwinMetric = "attack-success-rate",
                    }
                )
        );

        Assert.Equal((5, 4), (choices.Attacks.Count, choices.Precisions.Count));
        Assert.Equal((17, 4, Setting), (board.Defenses.Count, board.Rows.Count, board.Runs));
        Assert.All(board.Cells, cell => Assert.Equal((5, Setting), (cell.Value!.N, cell.Parts.Count)));
    }

    [Fact]
    public async Task Compare_Of100Runs_TakesFewCommands()
    {
        var ids = (
            await large.Lab.IdsAsync(
                new RunFilter
                {
                    Dataset = "dataset-0",
                    Model = "model-0",
                    Attack = "attack-0",
                }
            )
        ).Take(CompareQuery.MaxRuns).ToList();

        var comparison = await CountedAsync(
            "comparison of 100 runs with 68 cells each",
            () => large.Lab.Comparisons.ReadAsync(ids)
        );

        Assert.All(comparison.Runs, run => Assert.Equal(68, run.Cells.Count));
        Assert.Equal(100, comparison.Runs.Count);
    }

    private async Task<T> CountedAsync<T>(string what, Func<Task<T>> query)
    {
        using var commands = new CommandCount(large.Lab.DatabasePath);
        var result = await query();
        Assert.True(commands.Value is > 0 and <= Commands, $"{what} took {commands.Value} commands.");
        return result;
    }

    /// <summary>
    /// Thousands of ended runs; every one of a certain data set, network and attack has 17 x 4 cells with one number.
    /// </summary>
    public sealed class LargeLab : IAsyncLifetime
    {
        internal LabFixture Lab { get; } = new();

        public async Task InitializeAsync()
        {
            await Lab.InitializeAsync();
            await using var context = Lab.Contexts.CreateDbContext();
            await using var transaction = await context.Database.BeginTransactionAsync();
            context.ChangeTracker.AutoDetectChangesEnabled = false;
            for (var start = 0; start < Runs; start += 2000)
            {
                for (var index = start; index < start + 2000; index++)
                {
                    Add(context, index);
                }

                await context.SaveChangesAsync();
                context.ChangeTracker.Clear();
            }

            await transaction.CommitAsync();
        }

        public Task DisposeAsync() => Lab.DisposeAsync();

        private void Add(LabDbContext context, int index)
        {
            var run = new Run
            {
                Id = FormattableString.Invariant($"{index * 7919 % Runs:000000000000}"),
                Name = FormattableString.Invariant($"run-{index}"),
                State = RunState.Succeeded,
                ConfigHash = FormattableString.Invariant($"{index / 5:00000000}-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),

                ConditionKey = FormattableString.Invariant($"condition-{index % 80}"),

                // Five seeds in every setting: data set, network and attack repeat every 80 runs.
                Seed = index / 80 % 5,
                Dataset = FormattableString.Invariant($"dataset-{index % 4}"),
                Model = FormattableString.Invariant($"model-{index / 4 % 4}"),
                Attack = FormattableString.Invariant($"attack-{index / 16 % 5}"),
                Created = Lab.Clock.UtcNow.AddSeconds(index),
                Ended = Lab.Clock.UtcNow.AddSeconds(index + 0.5),
                Attempt = 1,
                CleanAccuracy = 0.9,
                AttackSuccessRate = index * 31 % 1000 / 1000.0,
            };
            context.Runs.Add(run);
            context.RunTexts.Add(
                new RunText
                {
                    RunId = run.Id,
                    SpecJson = new string('s', 2500),
                    EnvironmentJson = new string('e', 500),
                }
            );
            if (run is not { Dataset: "dataset-0", Model: "model-0", Attack: "attack-0" })
            {
                return;
            }

            foreach (var precision in new[] { "float32", "bfloat16", "int8-static", "int4" })
            {
                for (var defense = 0; defense <= 16; defense++)
                {
                    var name = defense == 0 ? "" : FormattableString.Invariant($"defense-{defense}");
                    context.Cells.Add(
                        new Cell
                        {
                            RunId = run.Id,
                            Victim = Victim.Backdoored,
                            Precision = precision,
                            Defense = name,
                            Outcome = Outcome.Value,
                        }
                    );
                    context.Measurements.Add(
                        new CellNumber
                        {
                            RunId = run.Id,
                            Victim = Victim.Backdoored,
                            Precision = precision,
                            Defense = name,
                            Metric = "attack-success-rate",
                            Value = 0.5,
                        }
                    );
                }
            }
        }
    }
}
