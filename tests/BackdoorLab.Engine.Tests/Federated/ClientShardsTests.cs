using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Federated;

namespace BackdoorLab.Engine.Tests.Federated;

public sealed class ClientShardsTests
{
    private static readonly int[] Labels = [.. Enumerable.Range(0, 1000).Select(i => i % 10)];

    [Fact]
    public void Iid_EvenNumbers_AreDealtEquallyByBothRules()
    {
        var shards = ClientShards.RoundRobin(Labels, 10, 5, new SeedTree(1).Random());

        Assert.All(
            shards,
            shard =>
                Assert.All(Enumerable.Range(0, 10), label => Assert.Equal(20, shard.Count(i => Labels[i] == label)))
        );
        Assert.Equal(Enumerable.Range(0, 1000), shards.SelectMany(shard => shard).Order());
        Assert.Equal(shards, ClientShards.Released(Labels, 10, 5, new SeedTree(1).Random()));
    }

    [Fact]
    public void Released_NumbersThatDoNotDivide_LeaveSlicesUnusedAsTheReleaseDoes()
    {
        // 100 of a class for 40 clients: floor(1000 / 400) = 2 each, 100 / 2 = 50 slices, of which 40 are used.
        var shards = ClientShards.Released(Labels, 10, 40, new SeedTree(1).Random());

        Assert.All(shards, shard => Assert.Equal(20, shard.Length));
    }

    [Theory]
    [InlineData(1000, 10, 40)]
    [InlineData(1900, 43, 40)]
    [InlineData(997, 7, 30)]
    [InlineData(50, 43, 40)]
    public void RoundRobin_NumbersThatDoNotDivide_DealEveryImageOnceAndAsEvenlyAsCanBe(
        int images,
        int classes,
        int clients
    )
    {
        // The last class is a short one, as in sets that are not balanced.
        int[] labels = [.. Enumerable.Range(0, images).Select(i => i % 3 == 0 ? i % classes : i % (classes - 1))];

        var shards = ClientShards.RoundRobin(labels, classes, clients, new SeedTree(2).Random());

        Assert.Equal(Enumerable.Range(0, images), shards.SelectMany(shard => shard).Order());
        Assert.All(shards, shard => Assert.InRange(shard.Length, images / clients, images / clients + 1));
        Assert.All(
            Enumerable.Range(0, classes),
            label =>
            {
                int[] held = [.. shards.Select(shard => shard.Count(i => labels[i] == label))];
                Assert.InRange(held.Max() - held.Min(), 0, 1);
            }
        );
    }

    [Fact]
    public void Deal_ByDefault_LeavesNothingOutWhereTheReleasedRuleDoes()
    {
        var simulation = new Simulation { Clients = 40, BatchSize = 10 };

        Assert.Equal(
            1000,
            ClientShards.Deal(Labels, 10, simulation, new SeedTree(1)).Clients.Sum(shard => shard.Length)
        );
        Assert.Equal(
            800,
            ClientShards
                .Deal(Labels, 10, simulation with { IidRule = IidRule.Released }, new SeedTree(1))
                .Clients.Sum(shard => shard.Length)
        );
    }

    [Theory]
    [InlineData(0.2)]
    [InlineData(0.5)]
    [InlineData(100)]
    public void Dirichlet_OfAnyAlpha_DealsEveryImageOnceAndTenToEverybody(double alpha)
    {
        var shards = ClientShards.Dirichlet(Labels, 10, 8, alpha, 10, new SeedTree(4)).Clients;

        Assert.Equal(Enumerable.Range(0, 1000), shards.SelectMany(shard => shard).Order());
        Assert.All(shards, shard => Assert.True(shard.Length >= 10));
    }

    [Fact]
    public void Dirichlet_SmallAlpha_IsMoreOneSidedThanLarge()
    {
        Assert.True(LargestShare(0.1) > LargestShare(100) + 0.2, $"{LargestShare(0.1)} against {LargestShare(100)}");

        // The mean over 20 seeds: 0.42 apart.
        double LargestShare(double alpha) =>
            Enumerable
                .Range(0, 20)
                .Average(seed =>
                    ClientShards
                        .Dirichlet(Labels, 10, 5, alpha, 10, new SeedTree(seed))
                        .Clients.Average(shard =>
                            Enumerable
                                .Range(0, 10)
                                .Max(label => shard.Count(i => Labels[i] == label) / (double)shard.Length)
                        )
                );
    }

    [Fact]
    public void Dirichlet_DrawsBelowABatch_AreDrawnAgainAndCounted()
    {
        var simulation = new Simulation
        {
            Clients = 10,
            BatchSize = 60,
            Partition = Partition.Dirichlet,
            Alpha = 0.5,
        };

        var dealt = Enumerable
            .Range(0, 20)
            .Select(seed => ClientShards.Deal(Labels, 10, simulation, new SeedTree(seed)))
            .ToList();

        Assert.All(dealt, shards => Assert.All(shards.Clients, shard => Assert.True(shard.Length >= 60)));
        Assert.Contains(dealt, shards => shards.Draws > 1);

        // The dealing that is kept is the one of its draw alone: a smaller minimum keeps the first.
        Assert.Equal(1, ClientShards.Dirichlet(Labels, 10, 10, 0.5, 0, new SeedTree(0)).Draws);
    }

    [Theory]
    [InlineData(Partition.Iid, IidRule.RoundRobin)]
    [InlineData(Partition.Iid, IidRule.Released)]
    [InlineData(Partition.Dirichlet, IidRule.RoundRobin)]
    public void Deal_LabelsInAnotherOrder_GivesEveryClientTheSameNumbers(Partition partition, IidRule rule)
    {
        var simulation = new Simulation
        {
            Clients = 12,
            BatchSize = 20,
            Partition = partition,
            IidRule = rule,
            Alpha = 0.3,
        };
        int[] sorted = [.. Labels.Order()];

        Assert.Equal(Numbers(Labels), Numbers(sorted));

        int[][] Numbers(int[] labels) =>
            [
                .. ClientShards
                    .Deal(labels, 10, simulation, new SeedTree(6))
                    .Clients.Select(shard =>
                        Enumerable.Range(0, 10).Select(label => shard.Count(i => labels[i] == label)).ToArray()
                    ),
            ];
    }

    [Fact]
    public void Deal_FewerImagesThanABatch_SaysWhichClientAndWhatToDo()
    {
        var fault = Assert.Throws<SpecException>(() =>
            ClientShards.Deal(
                Labels,
                10,
                new Simulation
                {
                    Clients = 40,
                    BatchSize = 24,
                    IidRule = IidRule.Released,
                },
                new SeedTree(1)
            )
        );

        Assert.Contains(
            "federation.simulation.batchSize: must not be above the 20 images of client 0",
            fault.Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Deal_MoreBatchesThanImages_SaysHowManyClientsWouldDo()
    {
        var fault = Assert.Throws<SpecException>(() =>
            ClientShards.Deal(Labels, 10, new Simulation { Clients = 40, BatchSize = 32 }, new SeedTree(1))
        );

        Assert.Contains(
            "federation.simulation.clients: 40 clients need 32 images each, a batch, and there are 1000: have at most 31 clients",
            fault.Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Dirichlet_MoreClientsThanImagesAllow_GivesUpWithTheRemedy()
    {
        var fault = Assert.Throws<SpecException>(() =>
            ClientShards.Dirichlet([.. Labels.Take(60)], 10, 8, 0.1, 10, new SeedTree(1))
        );

        Assert.Contains(
            "Raise alpha, have fewer clients, lower batchSize, or take more images",
            fault.Message,
            StringComparison.Ordinal
        );
    }
}
