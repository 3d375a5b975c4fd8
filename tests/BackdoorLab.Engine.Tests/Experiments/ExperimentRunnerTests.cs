using System.Text.Json;
using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Training;
using TorchSharp;

namespace BackdoorLab.Engine.Tests.Experiments;

[Collection("torch")]
[Trait("Category", "Slow")]
public sealed class ExperimentRunnerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("runner").FullName;

    private static ExperimentSpec Changing { get; } =
        TinyRun.Spec with
        {
            Attack = new PqBackdoor { HidingEpochs = 1 },
            Precisions = [new Float32(), new Int8WeightOnly()],
            Defenses = [],
            BenignTwin = false,
        };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Run_OnFreshStores_GivesEqualNumbersAndOneOutcomePerCell()
    {
        var (first, events) = TinyRun.Run(Store("a"));
        var (second, _) = TinyRun.Run(Store("b"));
        Assert.Equal(RunEnding.Completed, first.Ending);
        Assert.Equal(2 * 2 * 3, first.Cells.Count);
        Assert.All(first.Cells, cell => Assert.True(cell.Outcome == Outcome.Value, $"{cell.Id}: {cell.Reason}"));
        Assert.Equal(TinyRun.Numbers(first), TinyRun.Numbers(second));
        var data = Assert.IsType<RunStarted>(events.Events[0]).Data!;
        Assert.Equal((10, 300, 200), (data.Classes, data.Train.Count, data.Test.Count));
        Assert.Equal((data, data), (first.Data, second.Data));
        var finished = Assert.IsType<RunFinished>(events.Events[^1]);
        Assert.Equal(VictimOutcome.Of(first.Cells), finished.Victims);
        Assert.Equal(finished.Victims, first.Victims);
        Assert.Equal([Victim.Backdoored, Victim.Benign], finished.Victims.Select(victim => victim.Victim));
        Assert.All(finished.Victims, victim => Assert.Equal(0.1, victim.Chance!.Value, 12));
        Assert.Equal(
            finished.Victims.Select(victim => victim.Remark).Where(remark => remark.Length > 0),
            finished.Remarks.Where(remark => remark.Contains(" did not ", StringComparison.Ordinal))
        );
        var cells = events.Events.OfType<CellFinished>().Select(told => told.Cell).ToList();
        Assert.Equal(first.Cells.Count, cells.Select(cell => cell.Id).Distinct().Count());
        // Told again with what it takes the twin's cell to know.
        Assert.All(
            cells.GroupBy(cell => cell.Id),
            told => Assert.Equal(told.Last().Value(Metric.AttackSuccessGain.Id) is null ? 1 : 2, told.Count())
        );
        Assert.All(
            first.Cells.Where(cell => cell.Id is { Victim: Victim.Backdoored, Defense: null }),
            cell =>
                Assert.Equal(
                    cell.Value(Metric.AttackSuccessRate.Id)
                        - first
                            .Cells.Single(twin => twin.Id == cell.Id with { Victim = Victim.Benign })
                            .Value(Metric.AttackSuccessRate.Id),
                    cell.Value(Metric.AttackSuccessGain.Id)
                )
        );
        Assert.Equal(2 * 2, events.Events.OfType<EpochFinished>().Count());
        var told = events.Events.OfType<StageProgress>().ToList();
        Assert.Equal(1.0, told.Max(progress => progress.RunFraction), 0.2);

        // At once when a stage begins, else a few times a second: each is a line to another process.
        Assert.All(
            told.Zip(told.Skip(1)),
            pair =>
                Assert.True(pair.Second.Done == 0 || pair.Second.At - pair.First.At > TimeSpan.FromMilliseconds(200))
        );
    }

    [Fact]
    public void Run_Again_TakesEveryStageFromTheStore()
    {
        var (first, _) = TinyRun.Run(Store("a"));
        var (second, events) = TinyRun.Run(Store("a"));
        Assert.Equal(TinyRun.Numbers(first), TinyRun.Numbers(second));
        Assert.All(second.Cells, cell => Assert.True(cell.Cached));
        Assert.Equal(2 * 2, events.Events.OfType<EpochFinished>().Count());
    }

    [Fact]
    public void Run_WithOneMoreDefense_ComputesOnlyThat()
    {
        TinyRun.Run(Store("a"));
        var (result, _) = TinyRun.Run(
            Store("a"),
            TinyRun.Spec with
            {
                Defenses = [.. TinyRun.Spec.Defenses, new SpectralSignatures { RemovalFactor = 2 }],
            }
        );
        Assert.Equal(4, result.Cells.Count(cell => !cell.Cached));
    }

    [Fact]
    public void Run_WithPreflight_AddsControlRowsAndChangesNoOtherNumber()
    {
        var (without, _) = TinyRun.Run(Store("a"), TinyRun.Spec with { Preflight = false });
        var (with, _) = TinyRun.Run(Store("a"), TinyRun.Spec with { Preflight = true });
        var (fresh, _) = TinyRun.Run(Store("b"), TinyRun.Spec with { Preflight = true });
        var (again, _) = TinyRun.Run(Store("b"), TinyRun.Spec with { Preflight = true });
        Assert.Equal(TinyRun.Numbers(with), TinyRun.Numbers(fresh));
        Assert.All(again.Cells, cell => Assert.True(cell.Cached));
        foreach (
            var (plain, controlled) in without
                .Cells.Zip(fresh.Cells)
                .Where(pair => pair.Second.Outcome == Outcome.Value)
        )
        {
            var rows = controlled
                .Measurements.Where(row => !row.Metric.StartsWith("control-", StringComparison.Ordinal))
                .ToList();
            Assert.Equal(plain.Id.Defense is null ? 0 : 2, controlled.Measurements.Count - rows.Count);
            Assert.Equal(
                TinyRun.Numbers(without with { Cells = [plain] }),
                TinyRun.Numbers(fresh with { Cells = [controlled with { Measurements = rows }] })
            );
        }

        Assert.All(
            fresh.Cells.Where(cell => cell.Outcome != Outcome.Value),
            cell => Assert.StartsWith("The planted controls fail: ", cell.Reason, StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Run_WithAnotherAttack_SharesTheBenignTwin()
    {
        TinyRun.Run(Store("a"));
        var (_, events) = TinyRun.Run(Store("a"), TinyRun.Spec with { Attack = new Blended() });
        var trained = events
            .Events.OfType<RunStarted>()
            .Single()
            .Stages.Where(stage => stage.Kind == "train")
            .Select(stage => stage.Key)
            .ToList();
        var cached = events
            .Events.OfType<StageFinished>()
            .Where(stage => trained.Contains(stage.Key))
            .Select(stage => stage.Cached);
        Assert.Equal([false, true], cached);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(30)]
    public void Run_CancelledAndRepeated_EqualsUninterrupted(int eventsBeforeCancel)
    {
        var (whole, _) = TinyRun.Run(Store("whole"));
        using var stop = new CancellationTokenSource();
        var seen = 0;
        var (cancelled, events) = TinyRun.Run(
            Store("cut"),
            null,
            stop.Token,
            _ =>
            {
                if (++seen == eventsBeforeCancel)
                {
                    stop.Cancel();
                }
            }
        );
        Assert.Equal(RunEnding.Cancelled, cancelled.Ending);
        Assert.Equal(12, cancelled.Cells.Count);
        Assert.Contains(cancelled.Cells, cell => cell.Outcome == Outcome.NotRun);
        Assert.IsType<RunFinished>(events.Events[^1]);
        var (resumed, _) = TinyRun.Run(Store("cut"));
        Assert.Equal(TinyRun.Numbers(whole), TinyRun.Numbers(resumed));
    }

    [Fact]
    public void Run_AttackThatChangesTheNetwork_DoesSoBeforeTheWeightsAreSaved()
    {
        var (plain, _) = TinyRun.Run(Store("a"), Changing with { Attack = new BadNets() });
        var (changed, events) = TinyRun.Run(Store("a"), Changing);
        var (again, _) = TinyRun.Run(Store("a"), Changing with { Precisions = [new Float32()] });
        Assert.NotEqual(TinyRun.Numbers(plain), TinyRun.Numbers(changed));
        Assert.True(again.Cells[0].Cached);
        Assert.Contains(
            events.Events.OfType<LogWritten>(),
            line => line.Message.StartsWith("Changed by the attack after training: CA ", StringComparison.Ordinal)
        );
        var fractions = events.Events.OfType<StageProgress>().Select(progress => progress.RunFraction).ToList();
        Assert.Equal(fractions.Order(), fractions);
    }

    [Fact]
    public void Run_CancelledWhileTheAttackChangesTheNetwork_EqualsUninterrupted()
    {
        var (whole, _) = TinyRun.Run(Store("whole"), Changing);
        using var stop = new CancellationTokenSource();
        var (cancelled, _) = TinyRun.Run(
            Store("cut"),
            Changing,
            stop.Token,
            happened =>
            {
                if (happened is EpochFinished { Epoch: 2 })
                {
                    stop.Cancel();
                }
            }
        );
        Assert.Equal(RunEnding.Cancelled, cancelled.Ending);
        var (resumed, events) = TinyRun.Run(Store("cut"), Changing);
        Assert.Equal(TinyRun.Numbers(whole), TinyRun.Numbers(resumed));
        Assert.Equal([1, 2], events.Events.OfType<EpochFinished>().Select(epoch => epoch.Epoch));
    }

    [Fact]
    public void Estimate_OfAnAttackThatChangesTheNetwork_CountsItOnceForTheBackdooredModel()
    {
        var pace = new Throughput(100, 1000, 1000, Measured: true);
        var without = Estimator.Seconds(Changing with { Attack = new BadNets(), BenignTwin = true }, pace, 1);
        // One pass over 300 clean and 300 triggered images at 100 a second.
        Assert.Equal(without + 6, Estimator.Seconds(Changing with { BenignTwin = true }, pace, 1), 6);
        // Ten steps of 32 images at 1,000 a second, for each of two models.
        var learned = new Int8WeightOnly { Rounding = Rounding.Efrap, RoundingSteps = 10 };
        Assert.Equal(
            Estimator.Seconds(TinyRun.Spec with { Precisions = [new Int8WeightOnly()], Defenses = [] }, pace, 1) + 0.64,
            Estimator.Seconds(TinyRun.Spec with { Precisions = [learned], Defenses = [] }, pace, 1),
            6
        );
    }

    [Fact]
    public void Estimate_OfQuantizationAwareTraining_CountsItForEachModel()
    {
        var pace = new Throughput(100, 1000, 1000, Measured: true);
        var without = Estimator.Seconds(TinyRun.Spec with { Precisions = [new W4A4Simulated()] }, pace, 1);
        // Two passes over 300 images at 1,000 gradients a second, for each of two models, once for all defenses.
        var added = 2 * 2 * QuantizationAwareTraining.GradientImages(300) / 1000;
        Assert.Equal(
            without + added,
            Estimator.Seconds(TinyRun.Spec with { Precisions = [new W4A4Simulated { QatEpochs = 2 }] }, pace, 1),
            6
        );
    }

    // Each conversion draws from the streams of its column, not of the cell that happens to need it first.
    [Fact]
    public void Run_DefensesAddedToAStoredMeasurement_SeeTheSameFineTunedModel()
    {
        var spec = TinyRun.Spec with { Precisions = [new W4A4Simulated { QatEpochs = 1 }], BenignTwin = false };
        var (whole, _) = TinyRun.Run(Store("whole"), spec);
        Assert.All(whole.Cells, cell => Assert.Equal(Outcome.Value, cell.Outcome));
        TinyRun.Run(Store("parts"), spec with { Defenses = [] });
        var (later, _) = TinyRun.Run(Store("parts"), spec);
        Assert.Equal([true, false, false], later.Cells.Select(cell => cell.Cached));
        Assert.Equal(TinyRun.Numbers(whole), TinyRun.Numbers(later));
    }

    [Fact]
    public void Run_CellBeyondItsTimeLimit_IsTimedOutAndTheOthersHaveValues()
    {
        var spec = TinyRun.Spec with
        {
            Precisions = [TinyRun.Spec.Precisions[0]],
            Defenses =
            [
                new NeuralCleanse
                {
                    Rounds = 1000,
                    UpdatesPerRound = 20,
                    StopPatience = 1000,
                },
                new SpectralSignatures(),
            ],
            BenignTwin = false,
            CellTimeLimit = 2,
        };
        var (result, _) = TinyRun.Run(Store("a"), spec);
        Assert.Equal(
            Outcome.TimedOut,
            result
                .Cells.Single(cell => cell.Id.Defense?.StartsWith("neural-cleanse", StringComparison.Ordinal) == true)
                .Outcome
        );
        Assert.Equal(2, result.Cells.Count(cell => cell.Outcome == Outcome.Value));
    }

    [Fact]
    public void Run_MissingDataSet_FailsWithTheReason()
    {
        var (result, events) = TinyRun.Run(Store("a"), TinyRun.Spec with { Dataset = new Mnist() });
        Assert.Equal(RunEnding.Failed, result.Ending);
        Assert.Contains("no data root", result.Error, StringComparison.Ordinal);
        Assert.IsType<RunFinished>(events.Events[^1]);
    }

    [Fact]
    public void Run_SpecThatTheDataDoNotBear_EndsWithItsFaults()
    {
        var (result, _) = TinyRun.Run(
            Store("a"),
            TinyRun.Spec with
            {
                CleanHoldout = TinyRun.Spec.Dataset.Shape.TestCount,
            }
        );
        Assert.Equal((RunEnding.Failed, "cleanHoldout"), (result.Ending, Assert.Single(result.Faults).Path));
    }

    [Fact]
    public void Inputs_StampedAfterAugmentation_ShowTheDefenderTheStampedPixels()
    {
        var data = TinyRun.Spec.Dataset.Load("", new SeedTree(1));
        var before = ExperimentInputs.Prepare(TinyRun.Spec, data);
        var after = ExperimentInputs.Prepare(
            TinyRun.Spec with
            {
                Attack = TinyRun.Spec.Attack with { StampAfterAugmentation = true },
            },
            data
        );
        Assert.Equal(before.Received.Pixels, after.Received.Pixels);
        Assert.Equal(before.Poisoned.Mask, after.Poisoned.Mask);
        Assert.Equal(data.Train.Pixels, after.Poisoned.Images.Pixels);
        Assert.NotEqual(data.Train.Pixels, after.Received.Pixels);
    }

    [Fact]
    public void Run_PoisonRateZero_HasOnlyTheBenignModel()
    {
        var (result, _) = TinyRun.Run(Store("a"), TinyRun.Spec with { Attack = new BadNets { PoisonRate = 0 } });
        Assert.All(result.Cells, cell => Assert.Equal(Victim.Benign, cell.Id.Victim));
    }

    [Fact]
    public void Run_Finished_LeavesNoLiveTensorBehind()
    {
        TinyRun.Run(Store("a"));
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        TinyRun.Run(Store("b"));
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Events_WrittenAsJsonLines_ReadBackEqual()
    {
        var (_, recorder) = TinyRun.Run(Store("a"));
        foreach (var happened in recorder.Events)
        {
            var line = JsonSerializer.Serialize(happened, SpecJson.Options);
            Assert.DoesNotContain('\n', line);
            Assert.Equal(
                line,
                JsonSerializer.Serialize(
                    JsonSerializer.Deserialize<ExperimentEvent>(line, SpecJson.Options),
                    SpecJson.Options
                )
            );
        }
    }

    private string Store(string name) => Path.Combine(_folder, name);
}
