using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Federated;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Federated;

/// <summary>What every discovered aggregator promises, whatever its rule.</summary>
[Collection("torch")]
public sealed class AggregatorContractTests
{
    private const int Clients = 10;
    private const int Attackers = 2;

    public static TheoryData<string> Ids => [.. MethodCatalog.Default.Of<Aggregator>().Select(method => method.Id)];

    public static TheoryData<string, float> RobustIds
    {
        get
        {
            var pairs = new TheoryData<string, float>();
            foreach (var id in new[] { "median", "trimmed-mean", "krum", "multi-krum", "rfa", "flame" })
            {
                pairs.Add(id, 10);
                pairs.Add(id, -10);
            }

            return pairs;
        }
    }

    [Fact]
    public void Catalog_HasTheRulesOfTheField()
    {
        var found = MethodCatalog.Default.Of<Aggregator>().ToList();

        Assert.Equal(
            [
                "fed-avg",
                "norm-clipping",
                "median",
                "trimmed-mean",
                "krum",
                "multi-krum",
                "rfa",
                "rlr",
                "sign",
                "fools-gold",
                "flame",
            ],
            found.Where(method => method.Type.Namespace == typeof(FedAvg).Namespace).Select(method => method.Id)
        );
        Assert.All(
            found,
            method =>
            {
                Assert.Equal("aggregator", method.Kind);
                Assert.NotEmpty(method.Attribute.Summary);
                Assert.NotEmpty(method.Attribute.Paper);
            }
        );
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Step_OfIdenticalUpdates_IsThatUpdate(string id)
    {
        float[] update = [1, -2, 0.5f, 0, 3, -0.25f, 7];
        // FLAME adds noise and norm clipping shortens by their definitions, so both are switched off; a vote has no
        // lengths.
        Aggregator rule = Create(id) switch
        {
            Flame flame => flame with { NoiseFactor = 0 },
            NormClipping clipping => clipping with { Bound = 1000 },
            var other => other,
        };
        var (step, _) = Rounds.Run(
            rule,
            [.. Enumerable.Repeat(update, Clients)],
            Attackers,
            [.. Enumerable.Range(1, Clients).Select(i => (double)i)]
        );

        Rounds.AssertEqual(
            Array.ConvertAll(update, value => rule is SignAggregation ? Math.Sign(value) : (double)value),
            step
        );
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Step_OfClientsInAnotherOrder_IsTheSame(string id)
    {
        var updates = Updates(id);
        int[] order = [3, 9, 0, 7, 5, 1, 8, 2, 6, 4];
        var weights = Weights();
        var (step, trust) = Rounds.Run(Create(id), updates, Attackers, weights);
        var (again, trustAgain) = Rounds.Run(
            Create(id),
            [.. order.Select(i => updates[i])],
            Attackers,
            [.. order.Select(i => weights[i])],
            order
        );

        Rounds.AssertEqual(Array.ConvertAll(step, value => (double)value), again);
        Rounds.AssertEqual(trust.Length == 0 ? [] : [.. order.Select(i => trust[i])], trustAgain);
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Step_OfTheSameRound_HasTheSameBits(string id)
    {
        var updates = Updates(id);

        Assert.Equal(Rounds.Run(Create(id), updates, Attackers).Step, Rounds.Run(Create(id), updates, Attackers).Step);
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Trust_WhereTheRuleWeighsClients_CoversTheAddedOnesAndSumsToOne(string id)
    {
        var (_, trust) = Rounds.Run(Create(id), Updates(id), Attackers, Weights());
        if (id is "median" or "trimmed-mean" or "rlr" or "sign")
        {
            Assert.Empty(trust);
            return;
        }

        Assert.Equal(Clients, trust.Length);
        Assert.All(trust, weight => Assert.InRange(weight, 0, 1));
        Assert.Equal(1, trust.Sum(), 1e-9);
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Finish_WithFewerClientsThanAnnounced_WorksOnThoseAdded(string id)
    {
        var rule = Create(id);
        var updates = Updates(id)[..7];
        var (step, trust) = Rounds.Run(rule, updates, Attackers, announced: Clients);

        // Three left out cover both assumed attackers, so that none is left among the seven.
        Assert.Equal(Rounds.Run(rule, updates, attackers: 0).Step, step);
        Assert.True(trust.Length is 0 or 7);
    }

    [Theory]
    [MemberData(nameof(RobustIds))]
    public void Step_WithALoneHugeOutlier_StaysWithTheRest(string id, float outlier)
    {
        var honest = Rounds.Normal(Clients - 1, 20, mean: 1, deviation: 0.1, new SeedTree(3).Child(id).Random());
        float[][] updates = [.. honest, .. new[] { Enumerable.Repeat(outlier, 20).ToArray() }];

        Assert.InRange(Distance(Create(id)), 0, 0.5);
        Assert.InRange(Distance(new FedAvg()), 0.8, 1.2);

        double Distance(Aggregator rule) =>
            Rounds
                .Run(rule, updates, attackers: 1)
                .Step.Select((value, j) => Math.Abs(value - honest.Average(row => row[j])))
                .Max();
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Round_Finished_LeavesNoTensors(string id)
    {
        var updates = Updates(id);
        Rounds.Run(Create(id), updates, Attackers);
        var before = LiveTensors.Count();
        Rounds.Run(Create(id), updates, Attackers);

        Assert.Equal(before, LiveTensors.Count());
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Finish_Step_OutlivesTheAggregationInTheCallersScope(string id)
    {
        using var memory = new AggregatorMemory();
        Tensor step;
        using (var scope = NewDisposeScope())
        {
            using (var aggregation = Create(id).Begin(Rounds.Round(4, Clients, Attackers, memory)))
            {
                foreach (var client in Enumerable.Range(0, Clients))
                {
                    using var update = NewDisposeScope();
                    aggregation.Add(Rounds.Update(client, [client + 1, 2, -1, -client]));
                }

                step = aggregation.Finish();
            }

            Assert.False(step.IsInvalid);
            Assert.Equal(ScalarType.Float32, step.dtype);
            Assert.Equal([4], step.shape);
        }

        Assert.True(step.IsInvalid);
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Add_OfWhatTheRoundDoesNotAllow_IsRefused(string id)
    {
        using var scope = NewDisposeScope();
        using var memory = new AggregatorMemory();
        using var aggregation = Create(id).Begin(Rounds.Round(2, Clients, Attackers, memory));
        Assert.Throws<InvalidOperationException>(aggregation.Finish);
        Assert.Throws<ArgumentException>(() => aggregation.Add(Rounds.Update(0, [1, 2, 3])));
        Assert.Throws<ArgumentException>(() => aggregation.Add(Rounds.Update(0, [1, 2], weight: 0)));
        Assert.Throws<ArgumentException>(() => aggregation.Add(new(0, 1, ones(2, ScalarType.Float64))));
        for (var client = 0; client < Clients; client++)
        {
            aggregation.Add(Rounds.Update(client, [1, client]));
            if (client == 0)
            {
                Assert.Throws<ArgumentException>(() => aggregation.Add(Rounds.Update(0, [1, 2])));
            }
        }

        Assert.Throws<InvalidOperationException>(() => aggregation.Add(Rounds.Update(Clients, [1, 2])));
        aggregation.Finish();
        Assert.Throws<InvalidOperationException>(aggregation.Finish);
    }

    [Theory]
    [InlineData("krum", 10, 8, "assume at most 7 attackers or let at least 11 clients take part")]
    [InlineData("multi-krum", 4, 2, "assume at most 1 attackers or let at least 5 clients take part")]
    [InlineData("rlr", 3, 0, "lower threshold to at most 3")]
    [InlineData("trimmed-mean", 2, 0, "lower trimShare or let more clients take part")]
    public void Begin_WithClientsThatTheRuleCannotAggregate_SaysWhatToDo(
        string id,
        int clients,
        int attackers,
        string remedy
    )
    {
        using var memory = new AggregatorMemory();
        var rule = Create(id);
        Assert.Contains(remedy, rule.Fault(clients, attackers)!, StringComparison.Ordinal);
        var error = Assert.Throws<ArgumentException>(() => rule.Begin(Rounds.Round(3, clients, attackers, memory)));
        Assert.Contains(remedy, error.Message, StringComparison.Ordinal);
        Assert.Null(rule.Fault(clients + 9, 1));
    }

    [Fact]
    public void Memory_Tensor_IsMadeOnceAndRefusedAtAnotherLength()
    {
        using var memory = new AggregatorMemory();
        Tensor first;
        using (var scope = NewDisposeScope())
        {
            first = memory.GetOrAdd("a", 3);
        }

        Assert.Same(first, memory.GetOrAdd("a", 3));
        Assert.Equal([0, 0, 0], Rounds.Values(memory.Tensors["a"]));
        Assert.Throws<ArgumentException>(() => memory.GetOrAdd("a", 4));
    }

    private static Aggregator Create(string id) => (Aggregator)MethodCatalog.Default.Find(id)!.CreateDefault();

    private static float[][] Updates(string id) =>
        Rounds.Normal(Clients, 30, mean: 0.3, deviation: 1, new SeedTree(5).Child(id).Random());

    private static double[] Weights() => [.. Enumerable.Range(0, Clients).Select(client => 100.0 + client)];
}
