using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Federated;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Tests.Models;
using BackdoorLab.Engine.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Federated;

/// <summary>Whose running statistics of batch normalisation a global model has.</summary>
[Collection("torch")]
[Trait("Category", "Slow")]
public sealed class FederatedStatisticsTests
{
    private static Simulation OneRound { get; } =
        ToyFederation.Settings.Simulation with
        {
            Clients = 5,
            Rounds = 1,
            LocalEpochs = 1,
            BatchSize = 50,
        };

    public static TheoryData<string> Rules => [.. MethodCatalog.Default.Of<Aggregator>().Select(method => method.Id)];

    public static TheoryData<string> Networks => [.. SmallModels.Architectures];

    [Fact]
    public void Estimate_OfOneBatch_IsItsMeanAndUnbiasedVariance()
    {
        var shape = SmallModels.Shape(channels: 1, side: 16) with { Normalization = Normalization.Identity(1) };
        using var network = SmallModels.Build("small-conv-net", shape);
        var images = SmallModels.ImageSet(shape, 60);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var filtered = nn.functional.conv2d(
            Batches.Images(images),
            network.state_dict()["conv1.weight"],
            padding: [1, 1]
        );

        RunningStatistics.Estimate(network, images);

        var state = network.state_dict();
        Assert.InRange(SmallModels.LargestDifference(filtered.mean([0, 2, 3]), state["bn1.running_mean"]), 0, 1e-5);
        Assert.InRange(
            SmallModels.LargestDifference(filtered.@var([0, 2, 3], unbiased: true), state["bn1.running_var"]),
            0,
            1e-5
        );
        Assert.False(network.training);
    }

    [Fact]
    public void Estimate_OfSeveralBatches_IsTheirMeanWhateverWasThereBefore()
    {
        var shape = SmallModels.Shape(channels: 1, side: 16);
        using var fresh = SmallModels.Build("small-conv-net", shape);
        using var settled = SmallModels.Build("small-conv-net", shape);
        var images = SmallModels.ImageSet(shape, 420);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        settled.state_dict()["bn1.running_mean"].fill_(7);
        RunningStatistics.Estimate(fresh, images.Select([.. Enumerable.Range(0, 200)]));
        var first = Copy(fresh);
        RunningStatistics.Estimate(fresh, images.Select([.. Enumerable.Range(200, 200)]));
        var second = Copy(fresh);

        // The 20 images that fill no batch are left out.
        RunningStatistics.Estimate(settled, images);

        Assert.InRange(SmallModels.LargestDifference(first.add(second).div(2), Copy(settled)), 0, 1e-5);
    }

    [Fact]
    public void Statistics_OfTrustedClients_AreThoseOfTheUpdatesThatTheRuleKept()
    {
        // After one round from the same start every client's statistics are the same whatever the rule.
        var all = After(new MultiKrum { Selected = 5 }, StatisticsSource.AllClients).Statistics;
        var everyone = After(new MultiKrum { Selected = 5 }, StatisticsSource.TrustedClients).Statistics;
        var (four, kept) = After(new MultiKrum { Selected = 4 }, StatisticsSource.TrustedClients);
        var (untold, _) = After(new MultiKrum { Selected = 4 }, StatisticsSource.AllClients);
        using var scope = NewDisposeScope();

        Assert.Equal(4, kept.Rounds[0].Clients.Count(client => client.Trust > 0));
        Assert.InRange(SmallModels.LargestDifference(all, everyone), 0, 1e-5);
        Assert.InRange(SmallModels.LargestDifference(all, untold), 0, 1e-7);

        // Five times the mean of all less four times that of the kept ones is the dropped client's own: means that
        // differ, variances above 0.
        var dropped = all.mul(5).sub(four.mul(4));
        Assert.True(SmallModels.LargestDifference(all, four) > 1e-4);
        Assert.True(SmallModels.LargestDifference(dropped, four) > 4 * SmallModels.LargestDifference(all, four));
    }

    [Theory]
    [InlineData("dense-training")]
    [InlineData("lockdown")]
    public void Statistics_ReEstimated_AreThoseOfTheDeployedWeights(string protocol)
    {
        var federation = new Federation
        {
            Simulation = OneRound with { Rounds = 2, Statistics = StatisticsSource.ReEstimated },
            Protocol = protocol == "lockdown" ? new Lockdown { Quorum = 3, PruningRate = 0.2 } : new DenseTraining(),
        };
        var data = ToyFederation.Data(1, federation);
        using var scope = NewDisposeScope();
        var (network, _) = Train(federation);
        var found = Copy(network);

        RunningStatistics.Estimate(network, data.Reference);

        Assert.InRange(SmallModels.LargestDifference(Copy(network), found), 0, 1e-6);
        network.Dispose();
    }

    [Fact]
    public void BeforeFusion_IsMeasuredWithStatisticsOfItsOwnWeights()
    {
        var federation = new Federation
        {
            Simulation = OneRound,
            Protocol = new Lockdown { Quorum = 3, PruningRate = 0.2 },
        };
        var reference = ToyFederation.Data(1, federation).Reference;
        var (measured, own) = (new List<Tensor>(), new List<Tensor>());
        var (network, _) = ToyFederation.Train(
            ToyFederation.Normalised(1),
            federation,
            1,
            new FederationHooks
            {
                Measure = model =>
                {
                    measured.Add(Copy(model).DetachFromDisposeScope());
                    using var copy = model.Clone();
                    RunningStatistics.Estimate(copy, reference);
                    own.Add(Copy(copy).DetachFromDisposeScope());
                    return new(0, 0, 0);
                },
            }
        );

        // The global model, then the fused one, which keeps what the clients sent.
        Assert.Equal(2, measured.Count);
        Assert.InRange(SmallModels.LargestDifference(measured[0], own[0]), 0, 1e-6);
        Assert.True(SmallModels.LargestDifference(measured[1], own[1]) > 1e-3);
        network.Dispose();
        measured.Concat(own).ToList().ForEach(values => values.Dispose());
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void Rule_ThatChoosesClients_WeighsThemOtherwiseThanByTheirImages(string id)
    {
        var rule = (Aggregator)MethodCatalog.Default.Find(id)!.CreateDefault();
        float[][] updates =
        [
            [1, 1, 0],
            [1, 0.9f, 0],
            [0.9f, 1, 0.1f],
            [1.1f, 1, 0],
            [1, 1.1f, 0.1f],
            [-30, 20, 90],
        ];
        double[] images = [10, 20, 30, 40, 50, 60];

        var (_, trust) = Rounds.Run(rule, updates, attackers: 1, images);

        var others = trust.Length > 0 && trust.Zip(images).Any(pair => Math.Abs(pair.First - pair.Second / 210) > 1e-6);
        Assert.Equal(rule.ChoosesClients, others);
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void Network_SaysWhetherItTracksStatistics(string id)
    {
        var source = (ModelSource)MethodCatalog.Default.Find(id)!.CreateDefault();
        using var network = source.Build(SmallModels.Shape());

        Assert.Equal(RunningStatistics.AreTracked(network), source.TracksStatistics);
    }

    private static (Tensor Statistics, FederationHistory History) After(Aggregator rule, StatisticsSource source)
    {
        var (network, history) = Train(
            new Federation { Simulation = OneRound with { Statistics = source }, Aggregator = rule }
        );
        var statistics = Copy(network).DetachFromDisposeScope();
        network.Dispose();
        return (statistics, history);
    }

    private static (Classifier Network, FederationHistory History) Train(Federation federation) =>
        ToyFederation.Train(
            ToyFederation.Normalised(1),
            federation,
            1,
            new FederationHooks { Measure = _ => new(0, 0, 0) }
        );

    private static Tensor Copy(Classifier network) =>
        cat([
            .. network
                .state_dict()
                .Where(entry => entry.Key.Contains("running", StringComparison.Ordinal))
                .Select(entry => entry.Value.flatten()),
        ]);
}
