using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Experiments.Origins;
using BackdoorLab.Engine.Federated;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Programs;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Training;
using TorchSharp;

namespace BackdoorLab.Engine.Tests.Experiments;

/// <summary>Ways to get a model, by what they share; what each does is tested with its runs.</summary>
[Collection("torch")]
public sealed class ModelOriginTests : IDisposable
{
    private static readonly ExperimentSpec Check = TinyRun.Spec with
    {
        Suspect = new() { File = "model.pt", Sha256 = new('a', 64) },
        Attack = new UnknownAttack(),
        BenignTwin = false,
        Defenses = [new NeuralCleanse()],
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("origin-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Of_ASpec_IsTheOriginThatItAsksFor()
    {
        Assert.IsType<TrainedCentrally>(TinyRun.Spec.Origin);
        Assert.IsType<TrainedByClients>((TinyRun.Spec with { Federation = new() }).Origin);
        Assert.IsType<LoadedWeights>(Check.Origin);
        Assert.IsType<LoadedProgram>((Check with { Model = new FileProgram() }).Origin);
    }

    [Theory]
    [InlineData(0.1, true, new[] { Victim.Backdoored, Victim.Benign })]
    [InlineData(0.1, false, new[] { Victim.Backdoored })]
    [InlineData(0, true, new[] { Victim.Benign })]
    [InlineData(0, false, new[] { Victim.Benign })]
    public void Victims_OfATraining_FollowFromPoisonAndTwin(double rate, bool twin, Victim[] victims)
    {
        var spec = TinyRun.Spec with
        {
            Attack = new BadNets { PoisonRate = rate },
            BenignTwin = twin,
        };

        Assert.Equal(victims, spec.Origin.Victims);
        Assert.Equal([Victim.Suspect], Check.Origin.Victims);
    }

    [Fact]
    public void Faults_OfAModelFromAFile_AreNotThoseOfATraining()
    {
        var spec = Check with
        {
            Attack = new UnknownAttack { PoisonRate = 0.9 },
            Federation = new(),
        };

        Assert.Equal(["attack", "federation"], spec.Origin.Faults().Select(fault => fault.Path));
        var trained = TinyRun.Spec with { Attack = new BadNets { PoisonRate = 0.9 } };
        Assert.Equal(["attack.poisonRate"], trained.Origin.Faults().Select(fault => fault.Path));
    }

    [Fact]
    public void Run_OfAFederationThatTheStoreHolds_TellsTheSameRoundsFiguresAndNumbers()
    {
        var spec = TinyRun.Spec with
        {
            Model = new Mlp(),
            Federation = new()
            {
                Simulation = new()
                {
                    Clients = 4,
                    Rounds = 2,
                    LocalEpochs = 1,
                    BatchSize = 16,
                },
            },
            Precisions = [new Float32()],
            Defenses = [],
        };

        var (first, events) = TinyRun.Run(_folder, spec);
        var (second, again) = TinyRun.Run(_folder, spec);

        Assert.Equal((RunEnding.Completed, ""), (first.Ending, first.Error));
        Assert.Equal(
            [(Victim.Backdoored, 1), (Victim.Backdoored, 2), (Victim.Benign, 1), (Victim.Benign, 2)],
            Rounds(events)
        );
        Assert.Equal(Rounds(events), Rounds(again));
        Assert.Equal(Figures(events), Figures(again));
        Assert.Contains(Figures(again), figure => figure.Trained == Victim.Benign);
        Assert.Equal(first.Remarks, second.Remarks);
        Assert.Equal(TinyRun.Numbers(first), TinyRun.Numbers(second));
        Assert.All(second.Cells, cell => Assert.True(cell.Cached));

        static IEnumerable<(Victim, int)> Rounds(Recorder told) =>
            told.Events.OfType<EpochFinished>().Select(round => (round.Victim, round.Epoch));
        static IEnumerable<ArtifactReference> Figures(Recorder told) =>
            told
                .Events.OfType<ArtifactSaved>()
                .Select(saved => saved.Artifact)
                .Where(artifact => artifact.Role == TrainedByClients.FigureRole);
    }

    [Fact]
    public void AnotherTraining_ThatIsOneClass_HasKeysOfItsOwnAndATwinWithoutAttack()
    {
        Machine here = new(1, false, "library");
        var data = StageKey.Of("data", null);
        ModelOrigin defended = new Defended(TinyRun.Spec);

        var (victim, twin) = (defended.Key(Victim.Backdoored, data, here), defended.Key(Victim.Benign, data, here));

        Assert.NotEqual(TinyRun.Spec.Origin.Key(Victim.Backdoored, data, here), victim);
        Assert.NotEqual(victim, twin);
        Assert.Equal(twin, new Defended(TinyRun.Spec with { Attack = new Blended() }).Key(Victim.Benign, data, here));
        Assert.Equal("Train ResNet-8 with a defense, benign twin", defended.Title(Victim.Benign));
    }

    [Fact]
    public void AnotherTraining_WhoseModelTheStoreHolds_IsToldAndNotTrainedAgain()
    {
        var (stage, plan, events) = Stage(_folder);
        var (again, _, later) = Stage(_folder);
        using var first = new VictimModels(stage with { Origin = new Defended(stage.Spec) });
        using var second = new VictimModels(again with { Origin = new Defended(stage.Spec) });

        Assert.All(plan.Victims, victim => Assert.Null(first.Make(victim)));
        Assert.All(plan.Victims, victim => Assert.Null(second.Make(victim)));

        Assert.All(events.Events.OfType<StageFinished>(), done => Assert.False(done.Cached));
        Assert.All(
            later.Events.OfType<StageFinished>(),
            done => Assert.Equal((true, 5.0), (done.Cached, done.Seconds))
        );
        Assert.Equal(["labels were mended (backdoored model)", "it took long"], first.Remarks);
        Assert.Equal(first.Remarks, second.Remarks);
        Assert.Equal(5, second.TrainSeconds(Victim.Benign));
        Assert.Equal(7, first.MeasuredTrainImagesPerSecond);
        Assert.Null(second.MeasuredTrainImagesPerSecond);
        Assert.Equal(Weights(first.Network(Victim.Backdoored)), Weights(second.Network(Victim.Backdoored)));
        Assert.NotSame(first.Network(Victim.Backdoored), second.Network(Victim.Backdoored));
    }

    [Fact]
    public void AnotherTraining_ThatDiverges_IsAReasonAndNoModel()
    {
        var (stage, plan, events) = Stage(_folder);
        using var models = new VictimModels(stage with { Origin = new Defended(stage.Spec) { Diverges = true } });

        var reason = models.Make(plan.Victims[0]);

        Assert.NotNull(reason);
        Assert.False(models.Has(Victim.Backdoored));
        Assert.Contains(events.Events.OfType<LogWritten>(), log => log.Level == "error" && log.Message == reason);
        Assert.DoesNotContain(events.Events, happened => happened is StageFinished);
    }

    private static float[] Weights(Classifier network) =>
        [.. network.parameters().SelectMany(parameter => parameter.data<float>().ToArray())];

    private static (StageContext Stage, ExperimentPlan Plan, Recorder Events) Stage(string store)
    {
        var spec = TinyRun.Spec;
        var data = spec.Dataset.Load("", new SeedTree(spec.Seed).Child("data"));
        var plan = ExperimentPlan.Make(spec, data, new(100, 100, 100, Measured: true), threads: 1);
        var recorder = new Recorder();
        var events = new EventStream(recorder, TimeProvider.System);
        events.Begin(plan, new Dictionary<string, string>(), poison: null);
        var shape = Estimator.ShapeOf(spec);
        var inputs = ExperimentInputs.Prepare(spec, data);
        return (
            new(spec, inputs, shape, new ArtifactStore(store), "", null, events, CancellationToken.None),
            plan,
            recorder
        );
    }

    /// <summary>A training defense in little: it trains nothing and says so.</summary>
    private sealed class Defended(ExperimentSpec spec) : Trained(spec)
    {
        internal bool Diverges { get; init; }

        internal override bool KeepsBackdoorsOut => true;

        protected override string By => " with a defense";

        internal override double Seconds(Victim victim, int trainImages, Throughput pace) => 0;

        protected override (string Kind, string Name, object? Value) Way(Victim victim) =>
            ("defend-training", "defense", "mend");

        protected override FinishedTraining Train(VictimPlan plan, Classifier model, StageContext stage, RunContext run)
        {
            if (Diverges)
            {
                throw new TrainingDivergedException("a loss");
            }

            model.eval();
            return new(5, Retell(plan, stage), 7);
        }

        protected override IReadOnlyList<string> Retell(VictimPlan plan, StageContext stage) =>
            plan.Victim == Victim.Backdoored ? ["labels were mended", "it took long"] : ["it took long"];
    }
}
