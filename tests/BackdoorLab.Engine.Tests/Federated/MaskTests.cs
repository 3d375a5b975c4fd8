using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Federated;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Federated;

[Collection("torch")]
public sealed class MaskTests
{
    private static readonly long[][] ResNet9 =
    [
        [64, 3, 3, 3],
        [64],
        [64],
        [128, 64, 3, 3],
        [128],
        [128],
        [128, 128, 3, 3],
        [128],
        [128],
        [128, 128, 3, 3],
        [128],
        [128],
        [256, 128, 3, 3],
        [256],
        [256],
        [512, 256, 3, 3],
        [512],
        [512],
        [512, 512, 3, 3],
        [512],
        [512],
        [512, 512, 3, 3],
        [512],
        [512],
        [10, 512],
    ];

    [Fact]
    public void Erk_OfThePublishedResNet9_GivesItsDensities()
    {
        var densities = MaskDensities.Erk(ResNet9, 0.25);

        // Stage by stage: small layers dense, the others proportional to (in + out + kh + kw) / (in out kh kw).
        Assert.Equal(
            [1, 1, 0.739, 0.550, 0.273, 0.1815, 1],
            new[] { 0, 3, 6, 12, 15, 18, 24 }.Select(i => Math.Round(densities[i], i == 18 ? 4 : 3))
        );
        Assert.All(new[] { 1, 2, 4, 5, 22, 23 }, i => Assert.Equal(1, densities[i]));
        Assert.Equal(0.25, ResNet9.Select((shape, i) => densities[i] * Size(shape)).Sum() / ResNet9.Sum(Size), 6);
    }

    [Theory]
    [InlineData(8, 0.25, 2)]
    [InlineData(5120, 0.1, 512)]
    [InlineData(7, 0.9, 6)]
    [InlineData(3, 1, 3)]
    public void Draw_OfADensity_MarksThatShareRoundedDown(int size, double density, int expected) =>
        Assert.Equal(expected, SubspaceMask.Draw(size, density, new SeedTree(1).Random()).Count(one => one));

    [Fact]
    public void Draw_ManyTimes_MarksEveryCoordinateEquallyOften()
    {
        var random = new SeedTree(2).Random();
        var counts = new int[4];
        for (var i = 0; i < 4000; i++)
        {
            var mask = SubspaceMask.Draw(4, 0.5, random);
            for (var j = 0; j < 4; j++)
            {
                counts[j] += mask[j] ? 1 : 0;
            }
        }

        Assert.All(counts, count => Assert.InRange(count, 1850, 2150));
    }

    [Fact]
    public void Prune_TheSmallestActiveWeights_LeaveTheMaskAndTheChange()
    {
        bool[] mask = [true, true, false, true];
        float[] change = [1, 2, 0, 4];

        // Magnitudes of active coordinates: 0.5, 0.1, 0.3; the inactive 0.01 does not count.
        SubspaceMask.Prune(mask, [-0.5f, 0.1f, 0.01f, 0.3f], 2, change);

        Assert.Equal([true, false, false, false], mask);
        Assert.Equal([1, 0, 0, 0], change);
    }

    [Fact]
    public void Recover_TheLargestInactiveGradients_EnterTheMask()
    {
        bool[] mask = [false, true, false, false];

        // Inactive gradients: -3, 1, 2; the active 9 does not count.
        SubspaceMask.Recover(mask, [-3f, 9f, 1f, 2f], 2);

        Assert.Equal([true, true, false, true], mask);
    }

    // One tensor for the library's selection, one for the sample; 24,000 and 80,000 are all active coordinates. Of
    // equal magnitudes the large tensor takes the first.
    [Theory]
    [InlineData(60_000, 137, false)]
    [InlineData(60_000, 24_000, false)]
    [InlineData(200_000, 1, false)]
    [InlineData(200_000, 137, false)]
    [InlineData(200_000, 30_000, false)]
    [InlineData(200_000, 137, true)]
    [InlineData(200_000, 80_000, true)]
    public void Moves_OfATensor_AreThoseOfASort(int size, int count, bool manyEqual)
    {
        var random = new SeedTree(5).Random();
        bool[] mask = [.. Enumerable.Range(0, size).Select(i => i % 5 < 2)];
        float[] values =
        [
            .. Enumerable.Range(0, size).Select(_ => manyEqual && random.Next(2) == 0 ? 0 : random.NextSingle() - 0.5f),
        ];
        int[] Expected(bool member, Func<float, float> key) =>
            [
                .. Enumerable
                    .Range(0, size)
                    .Where(i => mask[i] == member)
                    .OrderBy(i => key(values[i]))
                    .Take(count)
                    .Order(),
            ];
        var (smallest, largest) = (Expected(true, MathF.Abs), Expected(false, value => -MathF.Abs(value)));
        var (pruned, recovered) = ((bool[])mask.Clone(), (bool[])mask.Clone());

        SubspaceMask.Prune(pruned, values, count, new float[size]);
        SubspaceMask.Recover(recovered, values, count);

        Assert.Equal(smallest, Enumerable.Range(0, size).Where(i => pruned[i] != mask[i]));
        Assert.Equal(largest, Enumerable.Range(0, size).Where(i => recovered[i] != mask[i]));
    }

    [Fact]
    public void RecoverRandomly_OfACount_AddsThatManyAndKeepsTheOthers()
    {
        bool[] mask = [.. Enumerable.Range(0, 20).Select(i => i < 5)];

        SubspaceMask.RecoverRandomly(mask, 4, new SeedTree(3).Random());

        Assert.All(mask.Take(5), Assert.True);
        Assert.Equal(9, SubspaceMask.Ones(mask));
    }

    [Fact]
    public void Jaccard_OfThreeMasks_IsSharedOverUnion()
    {
        using var scope = NewDisposeScope();
        // 70 coordinates, more than a word: the first mask holds 0..39, the second 20..69, the third nothing.
        var masks = zeros(3, 70, dtype: ScalarType.Bool);
        masks[0].narrow(0, 0, 40).fill_(true);
        masks[1].narrow(0, 20, 50).fill_(true);

        var overlap = MaskOverlap.Jaccard(masks);

        // 20 shared of 70; an empty mask shares nothing with others and all with itself.
        Assert.Equal([1, 20 / 70.0, 0], overlap[0]);
        Assert.Equal([20 / 70.0, 1, 0], overlap[1]);
        Assert.Equal([0, 0, 1], overlap[2]);
    }

    [Fact]
    public void Smallest_HalfOfTheValues_AreThoseOfLeastMagnitude()
    {
        using var scope = NewDisposeScope();

        var mask = SubspaceMask.Smallest(tensor(new[] { -4f, 1f, 3f, -2f }), 0.5);

        Assert.Equal(new[] { false, true, false, true }, mask.data<bool>().ToArray());
    }

    [Theory]
    [InlineData(0.01, 100, 1)]
    [InlineData(0.011, 100, 2)]
    [InlineData(0.0001, 3, 1)]
    [InlineData(0, 100, 0)]
    public void Count_OfARate_RoundsUp(double rate, long ones, int expected) =>
        Assert.Equal(expected, SubspaceMask.Count(rate, ones));

    [Fact]
    public void RateAt_OverTheRounds_FallsAlongACosineToZero()
    {
        var lockdown = new Lockdown { PruningRate = 0.02 };

        // 0.01 (1 + cos(pi t / 4)) for t = 1..4.
        double[] rates = [.. Enumerable.Range(1, 4).Select(round => Math.Round(lockdown.RateAt(round, 4), 5))];

        Assert.Equal([0.01707, 0.01, 0.00293, 0], rates);
    }

    private static long Size(long[] shape) => shape.Aggregate(1L, (product, side) => product * side);
}
