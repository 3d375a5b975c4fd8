using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Federated;
using BackdoorLab.Engine.Quantization;

namespace BackdoorLab.Engine.Tests.Experiments;

/// <summary>Runs whose attacker trains a network of its own and makes a trigger on it.</summary>
[Collection("torch")]
[Trait("Category", "Slow")]
public sealed class AssetStagesTests : IDisposable
{
    private static readonly ExperimentSpec Spec = TinyRun.Spec with
    {
        Attack = new AdvDoor { Steps = 4 },
        Precisions = [new Float32()],
        Defenses = [],
    };

    private readonly string _store = Directory.CreateTempSubdirectory("assets").FullName;

    public void Dispose() => Directory.Delete(_store, recursive: true);

    [Fact]
    public void Run_OfAPreparedAttack_MakesNetworkAndTriggerFirstAndSharesThem()
    {
        var (first, events) = TinyRun.Run(_store, Spec);
        var (other, again) = TinyRun.Run(
            _store,
            Spec with
            {
                Attack = new AdvDoor { Steps = 4, PoisonRate = 0.08 },
            }
        );

        Assert.Equal(RunEnding.Completed, first.Ending);
        Assert.Equal(
            ["attacker", "asset", "poison", "train", "train", "convert", "convert"],
            first.Stages.Select(stage => stage.Kind)
        );
        Assert.Equal((15, 24), (first.Poison!.Poisoned, other.Poison!.Poisoned));
        Assert.All([first, other], run => Assert.Contains(run.Remarks, IsTold));
        Assert.Equal([false, false], Cached(events, "attacker", "asset"));
        Assert.Equal([true, true], Cached(again, "attacker", "asset"));
        Assert.Equal([false, true], Cached(again, "train"));

        static bool IsTold(string remark) =>
            remark.StartsWith("AdvDoor: on the attacker's own", StringComparison.Ordinal);
    }

    [Fact]
    public void Run_OfAnotherPreparedAttack_TakesTheNetworkAndMakesItsTrigger()
    {
        TinyRun.Run(_store, Spec);
        var (result, events) = TinyRun.Run(_store, Spec with { Attack = new Narcissus { Passes = 2 } });

        Assert.Equal(RunEnding.Completed, result.Ending);
        Assert.Equal([true, false], Cached(events, "attacker", "asset"));
        Assert.Equal("15 of 300 training images (5 %), 50 % of label 0", result.Poison!.Words());
    }

    [Fact]
    public void Run_OfGeneratedTriggers_StoresTheGeneratorsAndStampsTheSameAgain()
    {
        var attack = new InputAware
        {
            Width = 2,
            MaskEpochs = 1,
            Epochs = 1,
        };
        var (first, _) = TinyRun.Run(_store, Spec with { Attack = attack });
        var (again, events) = TinyRun.Run(
            _store,
            Spec with
            {
                Attack = attack,
                Precisions = [new Float32(), new BFloat16()],
            }
        );

        Assert.Equal((RunEnding.Completed, RunEnding.Completed), (first.Ending, again.Ending));
        Assert.Equal([true, true], Cached(events, "attacker", "asset"));
        Assert.Contains(
            first.Remarks,
            remark => remark.StartsWith("Input-aware: on the classifier", StringComparison.Ordinal)
        );
        // Poisoned and tested with generators read from the store: the network is the same.
        Assert.Equal([true, true], Cached(events, "train"));
    }

    [Fact]
    public void Run_CancelledWhileTheAttackerTrains_GoesOnToTheSameNumbers()
    {
        var fresh = Path.Combine(_store, "fresh");
        var (whole, _) = TinyRun.Run(fresh, Spec);
        using var cancel = new CancellationTokenSource();
        var (cancelled, _) = TinyRun.Run(
            _store,
            Spec,
            cancel.Token,
            happened =>
            {
                if (happened is StageProgress { Done: > 3 })
                {
                    cancel.Cancel();
                }
            }
        );
        var (resumed, _) = TinyRun.Run(_store, Spec);

        Assert.Equal(RunEnding.Cancelled, cancelled.Ending);
        Assert.Equal(TinyRun.Numbers(whole), TinyRun.Numbers(resumed));
    }

    [Fact]
    public void Run_WithMoreCleanLabelsThanTheClassHas_EndsBeforeAnythingIsTrained()
    {
        var (result, events) = TinyRun.Run(_store, Spec with { Attack = new Narcissus { PoisonRate = 0.2 } });

        Assert.Equal(RunEnding.Failed, result.Ending);
        Assert.Contains("are 60, the target class has 30", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(events.Events, happened => happened is StageStarted);
    }

    [Fact]
    public void Faults_OfAPreparedAttackInAFederation_SayWhy() =>
        Assert.Contains(
            (Spec with { Federation = new Federation() }).Origin.Faults(),
            fault => fault.ToString().Contains("makes its trigger from all training images", StringComparison.Ordinal)
        );

    [Fact]
    public void Seconds_OfAPreparedAttack_CountTheAttackersWork()
    {
        var usual = Estimator.Seconds(Spec with { Attack = new BadNets() }, null, 1);

        // Another training beside victim and twin, and four steps.
        Assert.InRange(Estimator.Seconds(Spec, null, 1), 1.2 * usual, 2 * usual);
    }

    private static bool[] Cached(Recorder events, params string[] kinds)
    {
        var stages = events.Events.OfType<RunStarted>().Single().Stages.Where(stage => kinds.Contains(stage.Kind));
        return
        [
            .. stages.Select(stage =>
                events.Events.OfType<StageFinished>().Single(finished => finished.Key == stage.Key).Cached
            ),
        ];
    }
}
