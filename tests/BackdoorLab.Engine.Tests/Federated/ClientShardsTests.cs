using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Federated;

namespace BackdoorLab.Engine.Tests.Federated;

public sealed class ClientShardsTests
{
    private static readonly int[] Labels = [.. Enumerable.Range(0, 1000).Select(i => i % 10)];

    [Fact]
    public void Iid_EvenNumbers_GiveEveryClientTheSameOfEveryClassOnce()
    {
        var shards = ClientShards.Iid(Labels, 10, 5, new SeedTree(1).Random());

        Assert.All(shards, shard => Assert.All(Enumerable.Range(0, 10), label => Assert.Equal(20, shard.Count(i => Labels[i] == label))));
        Assert.Equal(Enumerable.Range(0, 1000), shards.SelectMany(shard => shard).Order());
    }

    [Fact]
    public void Iid_NumbersThatDoNotDivide_LeaveSlicesUnusedAsTheReleaseDoes()
    {
        // 100 of a class for 40 clients: floor(1000 / 400) = 2 each, 100 / 2 = 50 slices, of which 40 are used.
        var shards = ClientShards.Iid(Labels, 10, 40, new SeedTree(1).Random());

        Assert.All(shards, shard => Assert.Equal(20, shard.Length));
    }

    [Theory]
    [InlineData(0.2)]
    [InlineData(0.5)]
    [InlineData(100)]
    public void Dirichlet_OfAnyAlpha_DealsEveryImageOnceAndTenToEverybody(double alpha)
    {
        var shards = ClientShards.Dirichlet(Labels, 10, 8, alpha, new SeedTree(4));

        Assert.Equal(Enumerable.Range(0, 1000), shards.SelectMany(shard => shard).Order());
        Assert.All(shards, shard => Assert.True(shard.Length >= 10));
    }

    [Fact]
    public void Dirichlet_SmallAlpha_IsMoreOneSidedThanLarge()
    {
        Assert.True(LargestShare(0.1) > LargestShare(100) + 0.2, $"{LargestShare(0.1)} against {LargestShare(100)}");

        double LargestShare(double alpha) => ClientShards.Dirichlet(Labels, 10, 5, alpha, new SeedTree(5))
            .Average(shard => Enumerable.Range(0, 10).Max(label => shard.Count(i => Labels[i] == label) / (double)shard.Length));
    }

    [Fact]
    public void Deal_FewerImagesThanABatch_SaysWhichClientAndWhatToDo()
    {
        var fault = Assert.Throws<SpecException>(() => ClientShards.Deal(Labels, 10, new Simulation { Clients = 40, BatchSize = 32 }, new SeedTree(1)));

        Assert.Contains("federation.simulation.batchSize: must not be above the 20 images of client 0", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Dirichlet_MoreClientsThanImagesAllow_GivesUpWithTheRemedy()
    {
        var fault = Assert.Throws<SpecException>(() => ClientShards.Dirichlet([.. Labels.Take(60)], 10, 8, 0.1, new SeedTree(1)));

        Assert.Contains("Raise alpha, have fewer clients or more images", fault.Message, StringComparison.Ordinal);
    }
}
