using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Tests.Datasets;

namespace BackdoorLab.Engine.Tests.Experiments;

/// <summary>What a second run takes from the store when something around it has changed.</summary>
[Collection("torch")]
public sealed class StageReuseTests : IDisposable
{
    private static readonly ExperimentSpec Spec = TinyRun.Spec with
    {
        Dataset = new Mnist(),
        Model = new Mlp { HiddenUnits = 8 },
        Training = TinyRun.Spec.Training with { Epochs = 1 },
        Precisions = [new Float32()],
        Defenses = [],
        CleanHoldout = 10,
    };

    private readonly TempRoot _root = new();

    public StageReuseTests() => Write("here", 0);

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Run_AfterLabelsChanged_ComputesEveryStageAnew()
    {
        var (before, _) = Run("here", Spec);
        Write("here", 3);
        var (after, events) = Run("here", Spec);

        Assert.Equal(RunEnding.Completed, before.Ending);
        Assert.NotEqual(before.Data, after.Data);
        Assert.All(after.Cells, cell => Assert.False(cell.Cached));
        Assert.DoesNotContain(events.Events.OfType<StageFinished>(), stage => stage.Cached);
    }

    [Fact]
    public void Run_OfTheSameDataElsewhereUnderAnotherName_ComputesNothing()
    {
        var (before, _) = Run("here", Spec);
        Write("there", 0);
        var (after, events) = Run("there", Spec with { Name = "another", BenignTwin = true, CellTimeLimit = 100 });

        Assert.Equal(before.Data, after.Data);
        Assert.All(after.Cells, cell => Assert.True(cell.Cached));
        var trained = events
            .Events.OfType<RunStarted>()
            .Single()
            .Stages.Where(stage => stage.Kind == "train")
            .Select(stage => stage.Key)
            .ToList();
        Assert.All(
            events.Events.OfType<StageFinished>().Where(stage => trained.Contains(stage.Key)),
            stage => Assert.True(stage.Cached)
        );
    }

    // A curve is stored with its training, so it must be what any other run of that training would have stored.
    [Fact]
    public void Run_ThatSharesTrainings_HearsTheCurveThatItWouldHaveMade()
    {
        var other = Spec with { CleanHoldout = 12, Attack = Spec.Attack with { TargetLabel = 4 } };
        var (_, alone) = Run("here", other, "fresh");
        Run("here", Spec);
        var (_, shared) = Run("here", other);

        Assert.Equal(Curve(alone), Curve(shared));
        Assert.All(
            Curve(shared),
            point => Assert.Equal(point.Victim == Victim.Backdoored, point.AttackSuccessRate is not null)
        );

        static List<EpochFinished> Curve(Recorder events) =>
            [.. events.Events.OfType<EpochFinished>().Select(epoch => epoch with { At = default })];
    }

    private (ExperimentResult Result, Recorder Events) Run(string root, ExperimentSpec spec, string store = "store")
    {
        var recorder = new Recorder();
        var options = new RunnerOptions(Path.Combine(_root.Path, root), Path.Combine(_root.Path, store), Threads: 1);
        return (new ExperimentRunner(options).Run(spec, recorder, default), recorder);
    }

    // Labels turned by so many classes.
    private void Write(string root, int turn)
    {
        foreach (var (stem, count) in new[] { ("train", 100), ("t10k", 40) })
        {
            File.WriteAllBytes(_root.File(root, "mnist", $"{stem}-images-idx3-ubyte"), TempRoot.Idx(2051, count));
            var labels = TempRoot.Idx(2049, count);
            File.WriteAllBytes(
                _root.File(root, "mnist", $"{stem}-labels-idx1-ubyte"),
                [.. labels[..8], .. labels[8..].Select(label => (byte)((label + turn) % 10))]
            );
        }
    }
}
