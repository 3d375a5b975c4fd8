using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Tests.Attacks;

[Collection("torch")]
public sealed class PoisonerTests
{
    // Two pixels an image; the trigger mixes half of white into the second.
    private static readonly Trigger Half = new MaskTrigger([0f, 0.5f], [0f, 1f], 1, 1, 2);

    [Fact]
    public void Stamp_OfBytes_RoundsToTheNearest()
    {
        var stamped = Poisoner.Stamp(Set([10, 20, 255, 0], [0, 1]), Half);
        // (20 + 255) / 2 = 137.5 and 127.5, ties to even; float rounding may fall on either side.
        Assert.Equal(10, stamped.Pixels[0]);
        Assert.InRange(stamped.Pixels[1], 137, 138);
        Assert.Equal(255, stamped.Pixels[2]);
        Assert.InRange(stamped.Pixels[3], 127, 128);
        Assert.Equal([0, 1], stamped.Labels);
    }

    [Fact]
    public void Trigger_OfATestSet_KeepsTrueLabelsBesideIntendedOnes()
    {
        var test = Set([1, 2, 3, 4, 5, 6], [0, 1, 2]);
        var toOne = Poisoner.Trigger(test, new BadNets { TargetLabel = 1 }, Half);
        Assert.Equal([0, 1, 2], toOne.TrueLabels);
        Assert.Equal([1, 1, 1], toOne.IntendedLabels);
        Assert.Equal([0, 1, 2], toOne.Images.Labels);
        var toAll = Poisoner.Trigger(test, new BadNets { Mapping = LabelMapping.AllToAll }, Half);
        Assert.Equal([1, 2, 0], toAll.IntendedLabels);
        Assert.Equal([1, 2, 3, 4, 5, 6], test.Pixels);
    }

    [Fact]
    public void Poison_AtRateZero_IsTheCleanSet()
    {
        var clean = Set([1, 2, 3, 4], [0, 1]);
        var poisoned = Poisoner.Poison(clean, new BadNets { PoisonRate = 0 }, Half, new SeedTree(1));
        Assert.Equal(clean.Pixels, poisoned.Images.Pixels);
        Assert.Equal(clean.Labels, poisoned.Images.Labels);
        Assert.DoesNotContain(true, poisoned.Mask);
    }

    [Fact]
    public void Poison_StampedAfterAugmentation_ChangesLabelsOnly()
    {
        var clean = Set([1, 2, 3, 4, 5, 6, 7, 8], [1, 1, 2, 2]);
        var poisoned = Poisoner.Poison(
            clean,
            new BadNets { PoisonRate = 0.5, StampAfterAugmentation = true },
            Half,
            new SeedTree(1)
        );
        Assert.Equal(clean.Pixels, poisoned.Images.Pixels);
        Assert.Equal(2, poisoned.Mask.Count(marked => marked));
        Assert.Equal(2, poisoned.Images.Labels.Count(label => label == 0));
    }

    [Fact]
    public void Poison_MoreThanTheCandidates_TakesThemAll()
    {
        // Half of four images is two, but only one is not of the target class.
        var poisoned = Poisoner.Poison(
            Set([1, 2, 3, 4, 5, 6, 7, 8], [0, 0, 0, 1]),
            new BadNets { PoisonRate = 0.5 },
            Half,
            new SeedTree(1)
        );
        Assert.Equal([false, false, false, true], poisoned.Mask);
    }

    [Fact]
    public void Residual_OfAFaintChange_IsAmplifiedAroundGrey()
    {
        var (pixels, gain) = TriggerGallery.Residual([100, 100, 100], [100, 110, 95]);
        // 127 / 10 = 12.7; 128 + 127; 128 - 63.5.
        Assert.Equal(12.7, gain, 6);
        Assert.Equal(128, pixels[0]);
        Assert.Equal(255, pixels[1]);
        Assert.InRange(pixels[2], 64, 65);
    }

    [Fact]
    public void Residual_OfBlackToWhite_IsHalved()
    {
        var (pixels, gain) = TriggerGallery.Residual([0, 255, 7], [255, 0, 7]);
        Assert.Equal(127.0 / 255, gain, 6);
        Assert.Equal<byte>([255, 1, 128], pixels);
    }

    [Fact]
    public void Gallery_OfThreeClasses_ShowsTheTriggerAndThreePicturesForEachButTheTarget()
    {
        var clean = Set([1, 2, 3, 4, 5, 6, 7, 8], [1, 0, 0, 2]);
        var triggered = Poisoner.Trigger(clean, new BadNets { TargetLabel = 1 }, Half);
        var pictures = TriggerGallery.Make(clean, triggered, 6, Half);
        Assert.Equal(7, pictures.Count);
        Assert.Equal<byte>([128, 255], pictures[0].Pixels);
        Assert.Equal("Clean: class 0", pictures[1].Caption);
        Assert.Equal("With the trigger, meant as class 1", pictures[2].Caption);
        Assert.Equal<byte>([7, 8], pictures[4].Pixels);
        Assert.Equal(6, TriggerGallery.Make(clean, triggered, 6).Count);
    }

    [Fact]
    public void Picture_OfTwoChannelPlanes_IsInterleaved()
    {
        var set = new ImageSet([], [], 3, 1, 2, ["a"]);
        Assert.Equal<byte>([1, 3, 5, 2, 4, 6], TriggerGallery.Picture("x", [1, 2, 3, 4, 5, 6], set).Pixels);
    }

    private static ImageSet Set(byte[] pixels, int[] labels) =>
        new(pixels, labels, 1, 1, 2, ["class 0", "class 1", "class 2"]);
}
