using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Federated;

namespace BackdoorLab.Engine.Tests.Federated;

[Collection("torch")]
public sealed class FlameTests
{
    [Fact]
    public void Step_AttackerAtAnAngle_IsDroppedAndTheRestClippedToTheMedianLength()
    {
        // Lengths 2, 4, 1.005, 10: median 3. Three of four point along the first axis; the second is shortened to (3,
        // 0): ((2, 0) + (3, 0) + (1, 0.1)) / 3
        var (step, trust) = Rounds.Run(
            new Flame { NoiseFactor = 0 },
            [
                [2, 0],
                [4, 0],
                [1, 0.1f],
                [0, -10],
            ],
            weights: [1, 2, 3, 4]
        );

        Rounds.AssertEqual([2, 0.1 / 3], step);
        Rounds.AssertEqual([1.0 / 3, 1.0 / 3, 1.0 / 3, 0], trust);
    }

    [Fact]
    public void Noise_HasItsFactorOfTheMedianLength()
    {
        // 10,000 coordinates of 0.1: length 10, so factor 0.01 is a deviation of 0.1
        float[][] updates = [.. Enumerable.Repeat(Enumerable.Repeat(0.1f, 10_000).ToArray(), 3)];
        var noisy = Rounds.Run(new Flame { NoiseFactor = 0.01 }, updates).Step;

        Assert.InRange(Rounds.Deviation(noisy.Select(value => (double)value)), 0.097, 0.103);
        Assert.InRange(noisy.Average(), 0.095, 0.105);
    }

    [Theory]
    // 0.1 joins two, 0.2 the third of five.
    [InlineData(new[] { 0, 0.1, 0.3, 5, 9 }, new[] { true, true, true, false, false })]
    // The closest pair is not in the majority.
    [InlineData(new[] { 0, 1, 2.5, 10, 10.5 }, new[] { true, true, true, false, false })]
    // Three would do, but all join at the same distance.
    [InlineData(new[] { 0.0, 1, 2, 3 }, new[] { true, true, true, true })]
    [InlineData(new[] { 0.0, 5 }, new[] { true, true })]
    [InlineData(new[] { 7.0 }, new[] { true })]
    public void MajorityCluster_OnALine_IsTheFirstComponentOfMoreThanHalf(double[] points, bool[] expected) =>
        Assert.Equal(expected, MajorityCluster.Find(points.Length, (i, j) => Math.Abs(points[i] - points[j])));

    [Fact]
    public void MajorityCluster_OfRandomDistances_IsWhatHdbscanLabels()
    {
        var random = new SeedTree(11).Random();
        for (var trial = 0; trial < 300; trial++)
        {
            var count = 2 + random.Next(11);
            var distances = Symmetric(count, () => trial % 2 == 0 ? random.NextDouble() : 1 + random.Next(6));

            Assert.Equal(Hdbscan(distances, (count / 2) + 1), MajorityCluster.Find(count, (i, j) => distances[i, j]));
        }
    }

    private static double[,] Symmetric(int count, Func<double> draw)
    {
        var values = new double[count, count];
        for (var i = 0; i < count; i++)
        {
            for (var j = 0; j < i; j++)
            {
                values[i, j] = values[j, i] = draw();
            }
        }

        return values;
    }

    // HDBSCAN by its definition, for a minimum size above half (so that the root is the only cluster) and min_samples
    // 1: mutual reachability, single linkage, then down the tree noting at which 1 / distance each point leaves; those
    // that leave last are labelled.
    private static bool[] Hdbscan(double[,] distances, int minimum)
    {
        var count = distances.GetLength(0);
        int[] all = [.. Enumerable.Range(0, count)];
        var core = Array.ConvertAll(all, i => all.Where(j => j != i).Min(j => distances[i, j]));
        List<Node> open = [.. all.Select(i => new Node([i], 0, null, null))];
        while (open.Count > 1)
        {
            var (a, b, distance) = open.SelectMany(
                    (a, i) => open.Skip(i + 1).Select(b => (a, b, a.Points.Min(p => b.Points.Min(q => Reach(p, q)))))
                )
                .MinBy(pair => pair.Item3);
            open.RemoveAll(node => node == a || node == b);
            open.Add(new Node([.. a.Points, .. b.Points], distance, a, b));
        }

        var leaves = new double[count];
        for (var node = open[0]; node is not null; )
        {
            var stays = new[] { node.Left!, node.Right! }.SingleOrDefault(child => child.Points.Length >= minimum);
            foreach (var point in node.Points.Except(stays?.Points ?? []))
            {
                leaves[point] = 1 / node.Distance;
            }

            node = stays;
        }

        return Array.ConvertAll(leaves, leave => leave >= leaves.Max());

        double Reach(int p, int q) => Math.Max(distances[p, q], Math.Max(core[p], core[q]));
    }

    private sealed record Node(int[] Points, double Distance, Node? Left, Node? Right);
}
