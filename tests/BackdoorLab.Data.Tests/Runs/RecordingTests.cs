using System.Text.Json;

namespace BackdoorLab.Data.Tests.Runs;

public sealed class RecordingTests(LabFixture lab) : IClassFixture<LabFixture>
{
    private static readonly CellId Undefended = Samples.Key();
    private static readonly CellId Strip = Samples.Key("strip");

    private static RunPlan Plan { get; } =
        new(
            [
                new PlannedStage("d", "data", "Data", 1),
                new PlannedStage("t", "train", "Training", 50),
                new PlannedStage("s", "defend", "STRIP", 9),
            ],
            [Undefended, Strip],
            new Dictionary<string, string> { ["processor"] = "a quick one" },
            60
        );

    private static RunChanges Everything(DateTime at) =>
        new()
        {
            Progress = new RunProgress("STRIP on float32", 0.75, 12),
            Stages =
            [
                new StageChange("d", StageState.Done, Cached: true, Seconds: 0.5),
                new StageChange("t", StageState.Running),
                new StageChange("t", StageState.Done, Seconds: 40),
                new StageChange("s", StageState.Running),
            ],
            Cells =
            [
                Samples.Value(Undefended, ("clean-accuracy", 0.91), ("attack-success-rate", 0.98)) with
                {
                    Notes = ["Short schedule."],
                    Artifacts = [new ArtifactReference("t", "weights.bin", "weights", "Weights")],
                },
                new CellResult
                {
                    Id = Strip,
                    Outcome = Outcome.NotApplicable,
                    Reason = "Needs gradients.",
                },
            ],
            Curve =
            [
                new TrainingPoint(Victim.Backdoored, 1, 2, 2.5, 0.4, 0.1),
                new TrainingPoint(Victim.Backdoored, 2, 2, 1.25, 0.9, 0.98),
            ],
            Artifacts =
            [
                new ArtifactReference("d", "trigger.png", "image", "Trigger"),
                new ArtifactReference("d", "clean.png", "image", "Clean"),
            ],
            Log = [new LogEntry(at, "info", "one"), new LogEntry(at, "warning", "two")],
        };

    [Fact]
    public async Task Record_WholeRun_ReadsBackAsWritten()
    {
        var run = await lab.RunningAsync();

        Assert.True(await lab.Recording.RecordAsync(run.Id, run.Attempt, new RunChanges { Plan = Plan }));
        var planned = (await lab.Details.FindAsync(run.Id))!;
        Assert.All(planned.Stages, stage => Assert.Equal(StageState.Planned, stage.State));
        Assert.All(planned.Cells, cell => Assert.Equal(Outcome.NotRun, cell.Outcome));

        Assert.True(await lab.Recording.RecordAsync(run.Id, run.Attempt, Everything(lab.Clock.UtcNow)));
        var detail = (await lab.Details.FindAsync(run.Id))!;
        Assert.Equal(
            [
                new RunStage("d", "data", "Data", 0, StageState.Done, true, 0.5, 1),
                new RunStage("t", "train", "Training", 1, StageState.Done, false, 40, 50),
                new RunStage("s", "defend", "STRIP", 2, StageState.Running, false, null, 9),
            ],
            detail.Stages
        );
        Assert.Equal([Undefended, Strip], detail.Cells.Select(cell => cell.Id));
        Assert.Equal(0.98, detail.Cells[0].Value("attack-success-rate"));
        Assert.Equal(["Short schedule."], detail.Cells[0].Notes);
        Assert.Equal("weights.bin", Assert.Single(detail.Cells[0].Artifacts).File);
        Assert.Equal("Needs gradients.", detail.Cells[1].Reason);
        Assert.Equal(["trigger.png", "clean.png"], detail.Artifacts.Select(file => file.File));
        Assert.Equal([2.5, 1.25], detail.Curve.Select(point => point.Loss!.Value));
        Assert.Equal("a quick one", detail.Environment["processor"]);
        Assert.Equal((0.91, 0.98), (detail.Run.CleanAccuracy, detail.Run.AttackSuccessRate));
        Assert.Equal(
            ("STRIP on float32", 0.75, 12d),
            (detail.Run.Phase, detail.Run.Fraction, detail.Run.EtaSeconds!.Value)
        );
    }

    [Fact]
    public async Task Record_Twice_ChangesNothingButTheLog()
    {
        var run = await lab.RunningAsync();
        await lab.Recording.RecordAsync(run.Id, run.Attempt, new RunChanges { Plan = Plan });
        var changes = Everything(lab.Clock.UtcNow);
        await lab.Recording.RecordAsync(run.Id, run.Attempt, changes);
        var once = JsonSerializer.Serialize(await lab.Details.FindAsync(run.Id));

        Assert.True(await lab.Recording.RecordAsync(run.Id, run.Attempt, changes with { Log = [] }));

        Assert.Equal(once, JsonSerializer.Serialize(await lab.Details.FindAsync(run.Id)));
    }

    [Fact]
    public async Task Record_PlanOfANewAttempt_ReplacesTheOldResults()
    {
        var run = await lab.RunningAsync();
        await lab.Recording.RecordAsync(run.Id, run.Attempt, Everything(lab.Clock.UtcNow) with { Plan = Plan });
        await lab.Leases.FinishAsync(run.Id, Samples.Worker, new RunEnd(RunState.Interrupted));
        var again = (await lab.Store.EnqueueAsync(run.Id))!;
        await lab.Leases.TryClaimAsync(run.Id, again.Attempt, Samples.Worker, lab.Clock.UtcNow.AddMinutes(2));

        var shorter = Plan with { Stages = [.. Plan.Stages.Take(2)], Cells = [Undefended] };
        Assert.True(await lab.Recording.RecordAsync(run.Id, again.Attempt, new RunChanges { Plan = shorter }));

        var detail = (await lab.Details.FindAsync(run.Id))!;
        Assert.Equal(["d", "t"], detail.Stages.Select(stage => stage.Key));
        Assert.All(detail.Stages, stage => Assert.Equal((StageState.Planned, false), (stage.State, stage.Cached)));
        var cell = Assert.Single(detail.Cells);
        Assert.Equal(Outcome.NotRun, cell.Outcome);
        Assert.Empty(cell.Measurements);
        Assert.Empty(cell.Artifacts);
        Assert.Null(detail.Run.CleanAccuracy);
        Assert.Equal(2, detail.Curve.Count);
        Assert.Equal(2, detail.Artifacts.Count);
    }

    [Fact]
    public async Task Record_CellThatFailsAfterAll_LosesItsNumbers()
    {
        var run = await lab.RunningAsync();
        await lab.Recording.RecordAsync(
            run.Id,
            run.Attempt,
            new RunChanges { Cells = [Samples.Value(Strip, ("detection-rate", 1))] }
        );

        await lab.Recording.RecordAsync(
            run.Id,
            run.Attempt,
            new RunChanges
            {
                Cells =
                [
                    new CellResult
                    {
                        Id = Strip,
                        Outcome = Outcome.Failed,
                        Reason = "broke",
                    },
                ],
            }
        );

        var cell = Assert.Single((await lab.Details.FindAsync(run.Id))!.Cells);
        Assert.Equal((Outcome.Failed, "broke"), (cell.Outcome, cell.Reason));
        Assert.Empty(cell.Measurements);
    }

    [Fact]
    public async Task Record_NumbersThatAreNotFinite_AreLeftOutAndSaid()
    {
        var run = await lab.RunningAsync();

        Assert.True(
            await lab.Recording.RecordAsync(
                run.Id,
                run.Attempt,
                new RunChanges
                {
                    Progress = new RunProgress("training", double.NaN, double.PositiveInfinity),
                    Cells = [Samples.Value(Undefended, ("clean-accuracy", 0.9), ("attack-success-rate", double.NaN))],
                    Curve = [new TrainingPoint(Victim.Backdoored, 1, 1, double.NaN, 0.1, double.NaN)],
                }
            )
        );

        var detail = (await lab.Details.FindAsync(run.Id))!;
        var cell = Assert.Single(detail.Cells);
        Assert.Equal(["clean-accuracy"], cell.Measurements.Select(measurement => measurement.Metric));
        Assert.Equal(["The attack-success-rate came out as no finite number and is left out."], cell.Notes);
        Assert.Equal(new TrainingPoint(Victim.Backdoored, 1, 1, null, 0.1, null), Assert.Single(detail.Curve));
        Assert.Null(detail.Run.AttackSuccessRate);
        Assert.Equal(0.9, detail.Run.CleanAccuracy);
        Assert.Equal((0d, null), (detail.Run.Fraction, detail.Run.EtaSeconds));
    }

    [Theory]
    [InlineData(Victim.Benign, "float32", null)]
    [InlineData(Victim.Backdoored, "int8-static", null)]
    [InlineData(Victim.Backdoored, "float32", "fine-pruning")]
    public async Task Record_OtherCellsThanTheReference_LeaveTheSummaryAlone(
        Victim victim,
        string precision,
        string? defense
    )
    {
        var run = await lab.RunningAsync();
        await lab.Recording.RecordAsync(
            run.Id,
            run.Attempt,
            new RunChanges { Cells = [Samples.Value(Undefended, ("clean-accuracy", 0.9))] }
        );

        await lab.Recording.RecordAsync(
            run.Id,
            run.Attempt,
            new RunChanges { Cells = [Samples.Value(new CellId(victim, precision, defense), ("clean-accuracy", 0.1))] }
        );

        Assert.Equal(0.9, (await lab.ItemAsync(run.Id)).CleanAccuracy);
    }

    [Fact]
    public async Task Log_IsNumberedWithoutGapsAndReadInPieces()
    {
        var run = await lab.RunningAsync();
        for (var batch = 0; batch < 3; batch++)
        {
            await lab.Recording.RecordAsync(
                run.Id,
                run.Attempt,
                new RunChanges
                {
                    Log =
                    [
                        .. Enumerable
                            .Range(1, 4)
                            .Select(line => new LogEntry(lab.Clock.UtcNow, "info", $"{batch}.{line}")),
                    ],
                }
            );
        }

        var all = await lab.Details.LogAfterAsync(run.Id, 0);
        Assert.Equal(Enumerable.Range(1, 12), all.Select(line => (int)line.Sequence));
        Assert.Equal(["1.3", "1.4"], (await lab.Details.LogAfterAsync(run.Id, 6, 2)).Select(line => line.Text));
        Assert.Equal(["2.3", "2.4"], (await lab.Details.LogTailAsync(run.Id, 2)).Select(line => line.Text));
        Assert.Equal(12, (await lab.Details.FindAsync(run.Id))!.LastLogSequence);
    }

    [Fact]
    public async Task Record_WhilePagesRead_NeverFailsAndReadersSeeWholeBatches()
    {
        var run = await lab.RunningAsync();
        await lab.Recording.RecordAsync(run.Id, run.Attempt, new RunChanges { Plan = Plan });
        using var stop = new CancellationTokenSource();
        using var started = new CountdownEvent(2);
        var readers = Enumerable
            .Range(0, 2)
            .Select(_ =>
                Task.Run(async () =>
                {
                    started.Signal();
                    var reads = 0;
                    do
                    {
                        var detail = (await lab.Details.FindAsync(run.Id))!;
                        Assert.Equal(detail.Curve.Count, detail.LastLogSequence);
                        reads++;
                    } while (!stop.IsCancellationRequested);

                    return reads;
                })
            )
            .ToList();

        // The pool may be slow to give both readers a thread; the writing below would be over before them.
        started.Wait(TimeSpan.FromSeconds(30));

        for (var epoch = 1; epoch <= 60; epoch++)
        {
            Assert.True(
                await lab.Recording.RecordAsync(
                    run.Id,
                    run.Attempt,
                    new RunChanges
                    {
                        Curve = [new TrainingPoint(Victim.Backdoored, epoch, 60, 1, 0.5, 0.5)],
                        Log = [new LogEntry(lab.Clock.UtcNow, "info", $"epoch {epoch}")],
                    }
                )
            );
        }

        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(readers), reads => Assert.True(reads > 0));
    }
}
