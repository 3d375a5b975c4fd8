using System.Reflection;
using System.Text.Json;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Federated;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Training;
using BackdoorLab.Extension.Tests.Methods;

namespace BackdoorLab.Extension.Tests;

/// <summary>
/// A method is one file: each kind that people add to has a sample in the folder Methods, which stands in another
/// assembly than the engine's and is mentioned by nobody but these tests.
/// </summary>
public sealed class ExtensionTests : IDisposable
{
    private static readonly ExperimentSpec Central = new()
    {
        Name = "central",
        Dataset = new SyntheticSigns
        {
            Classes = 10,
            TrainCount = 300,
            TestCount = 200,
        },
        Model = new ResNet8(),
        Attack = new CornerDot { PoisonRate = 0.1, Brightness = 0.5 },
        Training = new TrainOptions
        {
            Epochs = 2,
            BatchSize = 32,
            Precision = TrainingPrecision.Float32,
        },
        Precisions = [new Float32()],
        Defenses = [new HalvedHead()],
        CleanHoldout = 60,
    };

    private static readonly ExperimentSpec Federated = Central with
    {
        Name = "federated",
        Attack = Central.Attack with { PoisonRate = 0.5 },
        Defenses = [],
        Federation = new Federation
        {
            Simulation = new Simulation
            {
                Clients = 4,
                Attackers = 1,
                Rounds = 2,
                LocalEpochs = 1,
                WeightDecay = 0,
            },
            Protocol = new HeadTraining(),
            Aggregator = new PlainMean(),
            Attacker = new NegatedUpdate(),
        },
    };

    private readonly string _store = Directory.CreateTempSubdirectory("extension").FullName;

    public void Dispose() => Directory.Delete(_store, recursive: true);

    [Theory]
    [InlineData("corner-dot", "attack", typeof(CornerDot))]
    [InlineData("halved-head", "mitigator", typeof(HalvedHead))]
    [InlineData("plain-mean", "aggregator", typeof(PlainMean))]
    [InlineData("negated-update", "attacker-behaviour", typeof(NegatedUpdate))]
    [InlineData("head-training", "client-protocol", typeof(HeadTraining))]
    public void Catalog_AMethodOfAnIncludedAssembly_IsFoundBesideTheEngines(string id, string kind, Type type)
    {
        var found = MethodCatalog.Default.Find(id);

        Assert.Equal((kind, type), (found?.Kind, found?.Type));
        Assert.Contains(
            MethodCatalog.Default.All,
            method => method.Kind == kind && method.Type.Assembly == typeof(Method).Assembly
        );
    }

    [Fact]
    public void Include_AfterTheCatalogWasRead_IsRefused()
    {
        _ = MethodCatalog.Default;

        var refused = Assert.Throws<InvalidOperationException>(() =>
            MethodCatalog.Include(Assembly.GetExecutingAssembly())
        );

        Assert.Contains("the catalog has been read", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_ASpecWithTheirIds_ReadsThem()
    {
        Assert.Equal(Central.Attack, SpecJson.Parse(SpecJson.Write(Central)).Attack);
        Assert.Equal(Central.Defenses, SpecJson.Parse(SpecJson.Write(Central)).Defenses);
        Assert.Equal(Federated.Federation, SpecJson.Parse(SpecJson.Write(Federated)).Federation);
        Assert.Contains("\"brightness\": 0.5", SpecJson.Write(Central), StringComparison.Ordinal);
        Assert.Equal(
            "Head training with Plain mean, IID, 1 of 4 attacks (Negated update)",
            Federated.Federation!.Title()
        );
    }

    [Fact]
    public void Parse_AParameterOfTheirsOutOfRange_IsAFaultWithItsPath()
    {
        var written = SpecJson
            .Write(Central)
            .Replace("\"brightness\": 0.5", "\"brightness\": 1.5", StringComparison.Ordinal);

        var fault = Assert.Throws<SpecException>(() => SpecJson.Parse(written));

        Assert.Equal("attack.brightness: must be from 0 to 1; found 1.5.", Assert.Single(fault.Faults).ToString());
    }

    [Fact]
    public void Run_AnAttackAndAMitigatorOfTheirs_ComesToItsNumbers()
    {
        var result = Run(Central);

        Assert.Equal(4, result.Cells.Count);
        Assert.All(result.Cells, cell => Assert.Equal(Outcome.Value, cell.Outcome));
        var backdoored = result.Cells.Where(cell => cell.Id.Victim == Victim.Backdoored).ToList();
        var repaired = backdoored.Single(cell => cell.Id.Defense == "halved-head");
        var undefended = backdoored.Single(cell => cell.Id.Defense is null);
        Assert.Equal(Value(undefended, Metric.CleanAccuracy), Value(repaired, Metric.CleanAccuracy));
        Assert.Equal(Value(undefended, Metric.AttackSuccessRate), Value(repaired, Metric.AttackSuccessRate));
        Assert.Equal(0.1, Value(undefended, Metric.PoisonedShare));

        // 64 features to 10 classes, and 10 biases.
        Assert.Equal(650, Value(repaired, HalvedHead.HalvedParameters));
        Assert.Equal(HalvedHead.HalvedParameters, MetricCatalog.Find("halved-parameters"));
    }

    [Fact]
    public void Run_AFederationOfTheirs_ComesToItsNumbers()
    {
        var result = Run(Federated);

        Assert.All(result.Cells, cell => Assert.Equal(Outcome.Value, cell.Outcome));
        var histories = Directory
            .GetFiles(_store, "federation.json", SearchOption.AllDirectories)
            .Select(File.ReadAllText)
            .Select(json => JsonSerializer.Deserialize<FederationHistory>(json, SpecJson.Options)!)
            .ToList();
        var attacked = histories.Single(history => history.Attackers == 1);
        Assert.Equal(2, histories.Count);
        Assert.All(
            attacked.Rounds.SelectMany(round => round.Clients),
            client => Assert.Equal((650L, (double?)0.25), (client.Active, client.Trust))
        );

        // All start from the same weights and see like images; who negates what it learnt points the other way.
        int[] clients = [.. attacked.Rounds[^1].Clients.Select(client => client.Client)];
        var attacker = Array.IndexOf(clients, 0);
        Assert.All(
            Enumerable.Range(0, 4).Where(i => i != attacker),
            honest => Assert.True(attacked.Similarity[attacker][honest] < 0)
        );
    }

    private ExperimentResult Run(ExperimentSpec spec)
    {
        var runner = new ExperimentRunner(new RunnerOptions("no data root", _store, Threads: 1));
        return runner.Run(spec, new Deaf(), CancellationToken.None);
    }

    private static double? Value(CellResult cell, Metric metric) => cell.Value(metric.Id);

    private sealed class Deaf : IExperimentObserver
    {
        public void On(ExperimentEvent happened) { }
    }
}
