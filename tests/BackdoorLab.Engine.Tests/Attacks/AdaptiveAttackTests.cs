using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Tests.Attacks;

/// <summary>
/// Adap-Blend and Adap-Patch: what training images show is less than the trigger, and covers show it too.
/// </summary>
[Collection("torch")]
public sealed class AdaptiveAttackTests
{
    private const int Side = 32;

    // Mid grey everywhere, so that every stamped pixel differs from 128 where the pattern is black or white.
    private static ImageSet Grey { get; } =
        new(
            [.. Enumerable.Repeat((byte)128, 400 * Side * Side)],
            [.. Enumerable.Range(0, 400).Select(i => i % 4)],
            1,
            Side,
            Side,
            ["a", "b", "c", "d"]
        );

    [Fact]
    public void Blend_OnTrainingImages_ShowsHalfOfThePiecesOthersOnEach()
    {
        var attack = new AdaptiveBlend
        {
            PoisonRate = 0.05,
            CoverRate = 0.1,
            Pattern = BlendPattern.Checkerboard,
        };
        var poisoned = Poison(attack);

        Assert.Equal((20, 40), Counts(poisoned));
        var changed = Changed(poisoned).ToList();
        // 8 of 16 pieces of 64 pixels; 0.8 x 128 = 102, and 51 more where the square is white.
        Assert.All(changed, image => Assert.Equal(512, Enumerable.Range(0, image.Length).Count(p => image[p] != 128)));
        Assert.All(
            changed,
            image => Assert.Equal([102, 128, 153], image.Distinct().Select(value => (int)value).Order())
        );
        Assert.True(changed.Select(Convert.ToHexString).Distinct().Count() > 50);
        var whole = Poisoner.Stamp(Grey.Select([0]), attack.CreateTrigger(1, Side, Side, new SeedTree(1)));
        Assert.DoesNotContain((byte)128, whole.Pixels);
    }

    [Fact]
    public void Blend_FainterInTraining_MixesByTheTrainingOpacity()
    {
        var poisoned = Poison(
            new AdaptiveBlend
            {
                PoisonRate = 0.05,
                Opacity = 0.1,
                MaskedPieces = 0,
                Pattern = BlendPattern.Checkerboard,
            }
        );

        // 0.9 x 128 = 115.2, plus 25.5.
        Assert.All(
            Changed(poisoned),
            image => Assert.Equal([115, 141], image.Distinct().Select(value => (int)value).Order())
        );
    }

    [Fact]
    public void Pieces_ThatAreShown_AreAllButTheMaskedOnes()
    {
        Assert.Equal(8, AdaptiveBlend.Shown(8, new SeedTree(1).Random()).Count(shown => shown));
        Assert.All(AdaptiveBlend.Shown(0, new SeedTree(1).Random()), Assert.True);
    }

    [Fact]
    public void Patch_OnTrainingImages_IsOneOfFourAndFaint()
    {
        var attack = new AdaptivePatch { PoisonRate = 0.05, CoverRate = 0.1 };
        var poisoned = Poison(attack);

        Assert.Equal((20, 40), Counts(poisoned));
        var places = Changed(poisoned)
            .Select(image => Enumerable.Range(0, image.Length).First(pixel => image[pixel] != 128))
            .GroupBy(pixel => pixel)
            .ToList();
        // Upper left, upper right, lower left, lower right: 15 each of 60.
        Assert.Equal(
            [1 * Side + 1, 1 * Side + 23, 23 * Side + 1, 23 * Side + 23],
            places.Select(place => place.Key).Order()
        );
        Assert.All(places, place => Assert.Equal(15, place.Count()));
        // Half of white on 128 is 191.5, of black 64; 0.3 of white 166.
        Assert.All(Changed(poisoned), image => Assert.InRange(image.Max(), 128, 192));
        Assert.All(Changed(poisoned), image => Assert.InRange(image.Min(), 64, 128));
    }

    [Fact]
    public void Patch_AtTestTime_IsTwoInFull()
    {
        var trigger = new AdaptivePatch().CreateTrigger(1, Side, Side, new SeedTree(1));

        Assert.Equal(2 * 64, trigger.Mask!.Count(weight => weight == 1));
        Assert.Equal(Side * Side - 2 * 64, trigger.Mask!.Count(weight => weight == 0));
        Assert.Equal((1f, 1f), (trigger.Mask![Side + 1], trigger.Mask[30 * Side + 30]));
        Assert.Throws<NotApplicableException>(() =>
            new AdaptivePatch { PatchSize = 8 }.CreateTrigger(1, 16, 16, new SeedTree(1))
        );
    }

    private static PoisonedSet Poison(Attack attack) =>
        Poisoner.Poison(Grey, attack, attack.CreateTrigger(1, Side, Side, new SeedTree(1)), new SeedTree(2));

    private static (int Poison, int Covers) Counts(PoisonedSet poisoned) =>
        (
            poisoned.Changes.Where(change => change.IsPoison).Sum(change => change.Indices.Length),
            poisoned.Changes.Where(change => !change.IsPoison).Sum(change => change.Indices.Length)
        );

    private static IEnumerable<byte[]> Changed(PoisonedSet poisoned) =>
        poisoned.Changes.SelectMany(change => change.Indices).Select(index => poisoned.Images.Image(index).ToArray());
}
