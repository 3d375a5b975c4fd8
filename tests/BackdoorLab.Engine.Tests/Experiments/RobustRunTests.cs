using System.Text.Json.Nodes;
using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Federated;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Tests.Datasets;

namespace BackdoorLab.Engine.Tests.Experiments;

/// <summary>Training defenses in a run: a stage of their own, cells at every precision, resumed and shared.</summary>
[Collection("torch")]
[Trait("Category", "Slow")]
public sealed class RobustRunTests : IDisposable
{
    private static readonly CausalityInspired Cbd = new() { BiasedEpochs = 1, Epochs = 1 };

    private static readonly ExperimentSpec Spec = TinyRun.Spec with
    {
        Training = TinyRun.Spec.Training with { Epochs = 1 },
        Precisions = [new Float32(), new Int4WeightOnly()],
        Defenses = [Cbd, new FilterAndRetrain()],
    };

    private readonly TempRoot _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Run_WithTrainingDefenses_TrainsEachOnceAndComparesAtEveryPrecision()
    {
        var (result, events) = TinyRun.Run(_root.Path, Spec);
        Assert.Equal(RunEnding.Completed, result.Ending);
        var started = events.Events.OfType<RunStarted>().Single();
        Assert.Equal(4, started.Stages.Count(stage => stage.Title.StartsWith("Train by", StringComparison.Ordinal)));
        CellResult[] cells = [.. result.Cells.Where(cell => cell.Id.Defense is not null)];
        Assert.Equal(8, cells.Length);
        Assert.All(cells, cell => Assert.Equal(Outcome.Value, cell.Outcome));
        foreach (var cell in cells)
        {
            Assert.Equal(
                cell.Id.Victim == Victim.Backdoored,
                cell.Measurements.Any(row => row.Metric == Metric.AttackSuccessRateBefore.Id)
            );
            var dropped = cell.Id.Defense == "filter-and-retrain";
            Assert.Equal(dropped, cell.Measurements.Any(row => row.Metric == Metric.FlaggedShare.Id));
            Assert.Equal(
                dropped && cell.Id.Victim == Victim.Backdoored,
                cell.Measurements.Any(row => row.Metric == Metric.SampleDetectionRate.Id)
            );
        }
    }

    [Fact]
    public void Run_Again_TakesTheTrainingFromTheStoreAlsoForAnotherPrecision()
    {
        var (first, _) = TinyRun.Run(_root.Path, Spec);
        var (again, events) = TinyRun.Run(_root.Path, Spec with { Precisions = [new Float32(), new BFloat16()] });
        Assert.All(again.Cells.Where(cell => cell.Id.Precision == "float32"), cell => Assert.True(cell.Cached));
        Assert.All(Trainings(events), stage => Assert.True(stage.Cached));
        Assert.Equal(RunEnding.Completed, first.Ending);
    }

    [Fact]
    public void Run_UnderAnotherAttack_SharesTheTwinsTraining()
    {
        TinyRun.Run(_root.Path, Spec);
        var other = Spec with
        {
            Attack = new BadNets { PoisonRate = 0.1, TargetLabel = 3 },
        };
        var (_, events) = TinyRun.Run(_root.Path, other);
        Assert.Equal([false, false, true, true], Trainings(events).Select(stage => stage.Cached));
    }

    [Fact]
    public void Run_CancelledBetweenTheParts_EndsWithTheSameNumbers()
    {
        var (whole, _) = TinyRun.Run(Path.Combine(_root.Path, "whole"), Spec);
        using var cancellation = new CancellationTokenSource();
        var store = Path.Combine(_root.Path, "cut");
        var seen = false;
        var (cut, _) = TinyRun.Run(
            store,
            Spec,
            cancellation.Token,
            happened =>
            {
                // After the first network of the first defense, in the second one's training.
                seen |= happened is StageProgress { Unit: "steps", Total: > 0 } && Kept(store);
                if (seen)
                {
                    cancellation.Cancel();
                }
            }
        );
        Assert.Equal(RunEnding.Cancelled, cut.Ending);
        Assert.True(Kept(store));
        var (resumed, _) = TinyRun.Run(store, Spec);
        Assert.Equal(TinyRun.Numbers(whole), TinyRun.Numbers(resumed));
        Assert.False(Kept(store));
    }

    [Fact]
    public void Run_DefenseThatCannotBeUsed_IsNotApplicableAndEndsNothing()
    {
        var (result, _) = TinyRun.Run(
            _root.Path,
            Spec with
            {
                Defenses = [new FilterAndRetrain { Detector = "clp" }, new ActivationClustering()],
            }
        );
        Assert.Equal(RunEnding.Completed, result.Ending);
        Assert.All(
            result.Cells.Where(cell => cell.Id.Defense?.StartsWith("filter", StringComparison.Ordinal) == true),
            cell =>
            {
                Assert.Equal(Outcome.NotApplicable, cell.Outcome);
                Assert.Contains("no detector of samples", cell.Reason, StringComparison.Ordinal);
            }
        );
        Assert.Contains(result.Cells, cell => cell is { Outcome: Outcome.Value, Id.Defense: "activation-clustering" });
    }

    [Fact]
    public void Faults_UnderAFederation_NameTheDefense()
    {
        var (_, faults) = SpecJson.Read(JsonNode.Parse(SpecJson.Write(Spec with { Federation = new Federation() })));
        Assert.Contains(
            faults,
            fault => fault.Path == "defenses[0]" && fault.Message.Contains("training defense", StringComparison.Ordinal)
        );
    }

    private static bool Kept(string store) =>
        Directory.Exists(store)
        && Directory.EnumerateFiles(store, "biased.done.safetensors", SearchOption.AllDirectories).Any();

    private static List<StageFinished> Trainings(Recorder events)
    {
        HashSet<string> keys =
        [
            .. events
                .Events.OfType<RunStarted>()
                .Single()
                .Stages.Where(stage => stage.Title.StartsWith("Train by", StringComparison.Ordinal))
                .Select(stage => stage.Key),
        ];
        return [.. events.Events.OfType<StageFinished>().Where(stage => keys.Contains(stage.Key))];
    }
}
