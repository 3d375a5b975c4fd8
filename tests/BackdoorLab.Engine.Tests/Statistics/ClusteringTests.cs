using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Statistics;

namespace BackdoorLab.Engine.Tests.Statistics;

public sealed class ClusteringTests
{
    [Fact]
    public void KMeans_OfTwoPairs_FindsTheirMeans()
    {
        var fit = KMeans.Fit([0, 1, 10, 11], 1, 2, new SeedTree(1).Random());
        Assert.Equal(1.0, fit.Inertia, 12);
        Assert.Equal([0.5f, 10.5f], fit.Centers.Order());
        Assert.Equal(fit.Assignments[0], fit.Assignments[1]);
        Assert.Equal(fit.Assignments[2], fit.Assignments[3]);
        Assert.NotEqual(fit.Assignments[0], fit.Assignments[2]);
        Assert.Equal([2, 2], fit.Sizes());
    }

    [Fact]
    public void KMeans_OfUnequalBlobs_RecoversThemForEverySeed()
    {
        var random = new SeedTree(5).Random();
        var data = new float[110 * 2];
        for (var i = 0; i < 110; i++)
        {
            data[2 * i] = random.NextSingle() + (i < 10 ? 4 : 0);
            data[2 * i + 1] = random.NextSingle();
        }

        for (var seed = 0; seed < 20; seed++)
        {
            var fit = KMeans.Fit(data, 2, 2, new SeedTree(seed).Random(), restarts: 3);
            var small = fit.Assignments[0];
            Assert.All(Enumerable.Range(0, 110), i => Assert.Equal(i < 10, fit.Assignments[i] == small));
        }
    }

    [Fact]
    public void KMeans_OfEqualPoints_LeavesAClusterEmptyAndHasNoInertia()
    {
        var fit = KMeans.Fit([2, 2, 2, 2, 2, 2], 2, 2, new SeedTree(1).Random());
        Assert.Equal(0, fit.Inertia);
        Assert.Single(fit.Assignments.Distinct());
    }

    [Fact]
    public void KMeans_WithTheSameSeed_Repeats()
    {
        var random = new SeedTree(6).Random();
        float[] data = [.. Enumerable.Range(0, 300).Select(_ => random.NextSingle())];
        var (a, b) = (
            KMeans.Fit(data, 3, 4, new SeedTree(7).Random()),
            KMeans.Fit(data, 3, 4, new SeedTree(7).Random())
        );
        Assert.Equal(a.Assignments, b.Assignments);
        Assert.Equal(a.Inertia, b.Inertia);
    }

    [Fact]
    public void Silhouette_OfTwoPairs_MatchesHandComputation()
    {
        // Outer points: a = 1, b = 10.5; inner points: a = 1, b = 9.5.
        var expected = (9.5 / 10.5 + 8.5 / 9.5) / 2;
        Assert.Equal(expected, Silhouette.Score([0, 1, 10, 11], 1, [0, 0, 1, 1], 100, new SeedTree(1).Random()), 12);
    }

    [Fact]
    public void Silhouette_OfSwappedLabels_IsNegativeAndOfOneClusterZero()
    {
        Assert.True(Silhouette.Score([0, 1, 10, 11], 1, [0, 1, 0, 1], 100, new SeedTree(1).Random()) < 0);
        Assert.Equal(0, Silhouette.Score([0, 1, 10, 11], 1, [1, 1, 1, 1], 100, new SeedTree(1).Random()));
    }

    [Fact]
    public void Silhouette_OfLoner_CountsItAsZero()
    {
        // Points 0 and 1: a = 1, b = 10 and 9; the loner adds 0.
        Assert.Equal(
            (0.9 + 8.0 / 9) / 3,
            Silhouette.Score([0, 1, 10], 1, [0, 0, 1], 100, new SeedTree(1).Random()),
            12
        );
    }

    [Fact]
    public void Choose_MoreThanThereAre_TakesAllWithoutDrawing()
    {
        var random = new SeedTree(1).Random();
        Assert.Equal([0, 1, 2], Sampling.Choose(3, 5, random));
        Assert.Equal(new SeedTree(1).Random().Next(), random.Next());
        var chosen = Sampling.Choose(100, 30, random);
        Assert.Equal(30, chosen.Distinct().Count());
        Assert.Equal(chosen.Order(), chosen);
        Assert.All(chosen, index => Assert.InRange(index, 0, 99));
    }
}
