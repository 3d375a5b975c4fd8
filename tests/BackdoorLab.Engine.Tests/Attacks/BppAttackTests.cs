using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Tests.Models;

namespace BackdoorLab.Engine.Tests.Attacks;

[Collection("torch")]
public sealed class BppAttackTests
{
    // Seven steps of 36.43: 19 and 100 are 0.52 and 2.75 of them, 128 is 3.51.
    [Fact]
    public void Stamp_WithEightLevels_RoundsToTheNearest() =>
        Assert.Equal<byte>([0, 36, 109, 146, 255, 0], Stamped([10, 19, 100, 128, 255, 0], 2, new()));

    // 120 is black by itself. Its error is handed on: 120, then 172.5 becomes white, and so on.
    [Fact]
    public void Stamp_WithDithering_HandsErrorsOn()
    {
        Assert.Equal<byte>([0, 0, 0, 0], Stamped([120, 120, 120, 120], 2, new() { Levels = 2 }));
        Assert.Equal<byte>([0, 255, 255, 0], Stamped([120, 120, 120, 120], 2, new() { Levels = 2, Dithering = true }));
    }

    // 157.5 - 15.46875 below the first; 127.5 - 25.78125 - 49.423828 below the second.
    [Fact]
    public void Dither_OfTwoByTwo_SpreadsSevenFiveThreeOneSixteenths()
    {
        float[] plane = [120, 120, 120, 120];
        BppAttack.Dither(plane, 2, 2);
        Assert.Equal([0, 255, 255, 0], plane);

        float[] row = [100, 0, 50];
        BppAttack.Dither(row, 3, 256);
        Assert.Equal([100, 0, 50], row);
    }

    // Both images are of one grey, and so are their errors: 100 becomes 109.
    [Fact]
    public void Negatives_GetTheErrorOfAnotherImageAndKeepTheirLabel()
    {
        var clean = new ImageSet(
            [.. Enumerable.Repeat((byte)100, 40)],
            [.. Enumerable.Range(0, 10).Select(i => i % 2)],
            1,
            2,
            2,
            ["a", "b"]
        );
        var attack = new BppAttack { PoisonRate = 0.2, NegativeRate = 0.3 };
        var poisoned = Poisoner.Poison(clean, attack, attack.CreateTrigger(1, 2, 2, new SeedTree(1)), new SeedTree(2));
        var negatives = poisoned.Changes.Single(change => !change.IsPoison).Indices;

        Assert.Equal((2, 3), (poisoned.Mask.Count(poison => poison), negatives.Length));
        Assert.All(negatives, i => Assert.Equal(clean.Labels[i], poisoned.Images.Labels[i]));
        Assert.All(negatives, i => Assert.Equal(109, poisoned.Images.Image(i)[0]));
    }

    [Fact]
    public void Negatives_OfTheSameImage_AreTheSameInAnyBatch()
    {
        var clean = SmallModels.ImageSet(SmallModels.Shape(), 50);
        var attack = new BppAttack { PoisonRate = 0.1, NegativeRate = 0.2 };
        var trigger = attack.CreateTrigger(3, 32, 32, new SeedTree(1));
        var change = Poisoner.Poison(clean, attack, trigger, new SeedTree(2)).Changes.Single(one => !one.IsPoison);
        var images = Batches.Images(clean, change.Indices);
        using var scope = TorchSharp.torch.NewDisposeScope();
        int[] last = [change.Indices[^1]];

        Assert.Equal(
            0,
            SmallModels.LargestDifference(
                change.Trigger.Apply(images, change.Indices)[change.Indices.Length - 1],
                change.Trigger.Apply(Batches.Images(clean, last), last)[0]
            )
        );
    }

    private static byte[] Stamped(byte[] pixels, int width, BppAttack attack) =>
        Poisoner
            .Stamp(
                new(pixels, [0], 1, pixels.Length / width, width, ["a"]),
                attack.CreateTrigger(1, pixels.Length / width, width, new SeedTree(1))
            )
            .Pixels;
}
