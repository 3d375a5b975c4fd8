using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Attacks;

[Collection("torch")]
public sealed class WaNetTests
{
    // Pixel values of a 4 x 4 image are its places, row by row, over 100.
    private static Tensor Numbered() =>
        tensor([.. Enumerable.Range(0, 16).Select(i => i / 100f)], new long[] { 1, 1, 4, 4 });

    [Fact]
    public void Grid_OfAConstantField_ShiftsTheImageByAPixelUpToItsEdge()
    {
        using var scope = NewDisposeScope();
        // Columns are 2/3 apart: 8/3 over the side of 4 is one.
        var grid = WarpTrigger.Grid([1, 1, 1, 1, 0, 0, 0, 0], 2, 8.0 / 3, 4, 4);
        var warped = new WarpTrigger(grid, 4, 4).Apply(Numbered());

        Assert.Equal(
            [1, 2, 3, 3, 5, 6, 7, 7, 9, 10, 11, 11, 13, 14, 15, 15],
            warped.contiguous().data<float>().ToArray().Select(value => (int)MathF.Round(100 * value))
        );
    }

    [Fact]
    public void Grid_OfStrengthZero_IsTheIdentity()
    {
        using var scope = NewDisposeScope();
        var grid = WarpTrigger.Grid(WarpTrigger.Field(4, new SeedTree(1).Random()), 4, 0, 4, 4);

        Assert.Equal(0, SmallModels.LargestDifference(Numbered(), new WarpTrigger(grid, 4, 4).Apply(Numbered())), 6);
    }

    // The cubic kernel with a = -0.75 has the weights -1/9, 0.796296, 0.370370, -1/18 a third of the way; beyond the
    // edge the field repeats, so columns -1, 1 become -1, -0.370370, 0.370370, 1. Times s = 0.5 over 4, on -1, -1/3,
    // 1/3, 1.
    [Fact]
    public void Grid_OfARisingField_IsThePublishedFormula()
    {
        var grid = WarpTrigger.Grid([-1, 1, -1, 1, 0, 0, 0, 0], 2, 0.5, 4, 4);

        for (var row = 0; row < 4; row++)
        {
            float[] expected = [-1, -0.379630f, 0.379630f, 1];
            for (var column = 0; column < 4; column++)
            {
                var at = 2 * (4 * row + column);
                Assert.Equal(expected[column], grid[at], 5);
                Assert.Equal(-1 + 2f * row / 3, grid[at + 1], 5);
            }
        }
    }

    [Fact]
    public void Field_OfAnySeed_HasMeanMagnitudeOneInBothDirections()
    {
        var field = WarpTrigger.Field(4, new SeedTree(3).Random());

        Assert.Equal(32, field.Length);
        Assert.Equal(1, field.Average(Math.Abs), 5);
        Assert.Contains(field, shift => shift < 0);
    }

    [Fact]
    public void Choose_WithNoise_WarpsTwiceAsManyOthersEachInItsOwnWay()
    {
        using var scope = NewDisposeScope();
        var clean = SmallModels.ImageSet(SmallModels.Shape(), 100);
        var attack = new WaNet { PoisonRate = 0.1 };
        var trigger = attack.CreateTrigger(3, 32, 32, new SeedTree(1));
        var poisoned = Poisoner.Poison(clean, attack, trigger, new SeedTree(5));
        var noise = poisoned.Changes.Single(change => !change.IsPoison);

        Assert.Equal((10, 20), (poisoned.Mask.Count(poison => poison), noise.Indices.Length));
        var two = SmallModels.Images(SmallModels.Shape(), 1).expand(2, -1, -1, -1);
        var stamped = noise.Trigger.Apply(two, [4, 9]);
        Assert.True(SmallModels.LargestDifference(stamped[0], stamped[1]) > 0.01);
        Assert.Equal(0, SmallModels.LargestDifference(stamped[1], noise.Trigger.Apply(two, [9, 1])[0]));
        Assert.True(SmallModels.LargestDifference(stamped[0], trigger.Apply(two)[0]) > 0.01);
        Assert.Single(Poisoner.Poison(clean, attack with { NoiseRatio = 0 }, trigger, new SeedTree(5)).Changes);
    }
}
