using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Attacks;

[Collection("torch")]
public sealed class TriggerTests
{
    [Fact]
    public void MaskTrigger_OfTwoPixels_MixesByTheMask()
    {
        using var scope = NewDisposeScope();
        var trigger = new MaskTrigger([0.25f, 1f], [1f, 0.3f], 1, 1, 2);
        var stamped = trigger.Apply(tensor(new float[] { 0.2f, 0.9f }, [1, 1, 1, 2])).reshape(2);
        Assert.Equal(0.4f, stamped[0].item<float>(), 6);
        Assert.Equal(0.3f, stamped[1].item<float>(), 6);
    }

    [Fact]
    public void MaskTrigger_OfTwoChannels_SharesTheMaskAndKeepsUntouchedPixelsExactly()
    {
        using var scope = NewDisposeScope();
        var trigger = new MaskTrigger([0f, 1f], [0.5f, 0.6f, 0.7f, 0.8f], 2, 1, 2);
        var stamped = trigger.Apply(tensor(new float[] { 0.1f, 0.2f, 0.3f, 0.4f }, [1, 2, 1, 2]));
        Assert.Equal([0.1f, 0.6f, 0.3f, 0.8f], stamped.contiguous().data<float>().ToArray());
    }

    [Theory]
    [InlineData(PatchPlace.BottomRight, 5, 5)]
    [InlineData(PatchPlace.BottomLeft, 5, 1)]
    [InlineData(PatchPlace.TopRight, 1, 5)]
    [InlineData(PatchPlace.TopLeft, 1, 1)]
    [InlineData(PatchPlace.Center, 3, 3)]
    public void BadNets_AtEachPlace_SitsThere(PatchPlace place, int top, int left)
    {
        var trigger = new BadNets
        {
            PatchSize = 2,
            Place = place,
            Margin = 1,
        }.CreateTrigger(1, 8, 8, new SeedTree(1));
        var expected = new float[64];
        expected[top * 8 + left] =
            expected[top * 8 + left + 1] =
            expected[top * 8 + 8 + left] =
            expected[top * 8 + 9 + left] =
                1;
        Assert.Equal(expected, trigger.Mask);
    }

    [Fact]
    public void BadNets_Checkerboard_AlternatesFromWhite()
    {
        var trigger = (MaskTrigger)new BadNets { Margin = 0 }.CreateTrigger(1, 3, 3, new SeedTree(1));
        Assert.Equal([1, 0, 1, 0, 1, 0, 1, 0, 1], trigger.Pattern);
    }

    [Fact]
    public void BadNets_Red_IsRed()
    {
        var trigger = (MaskTrigger)
            new BadNets
            {
                PatchSize = 1,
                Margin = 0,
                Pattern = PatchPattern.Red,
            }.CreateTrigger(3, 1, 1, new SeedTree(1));
        Assert.Equal([1, 0, 0], trigger.Pattern);
    }

    [Fact]
    public void BadNets_PatchLargerThanTheImage_IsNotApplicable()
    {
        var error = Assert.Throws<NotApplicableException>(() =>
            new BadNets { PatchSize = 8, Margin = 1 }.CreateTrigger(1, 8, 8, new SeedTree(1))
        );
        Assert.Contains("8 x 8", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Blended_EveryPattern_CoversTheImageAtItsOpacity()
    {
        foreach (var pattern in Enum.GetValues<BlendPattern>())
        {
            var trigger = (MaskTrigger)new Blended { Pattern = pattern }.CreateTrigger(3, 32, 32, new SeedTree(1));
            Assert.All(trigger.Mask, weight => Assert.Equal(0.2f, weight));
            Assert.All(trigger.Pattern, value => Assert.InRange(value, 0, 1));
            Assert.True(trigger.Pattern.Distinct().Count() >= 2);
        }
    }

    [Fact]
    public void Blended_Noise_DependsOnTheSeed()
    {
        var first = (MaskTrigger)new Blended().CreateTrigger(3, 8, 8, new SeedTree(1));
        var second = (MaskTrigger)new Blended().CreateTrigger(3, 8, 8, new SeedTree(2));
        Assert.NotEqual(first.Pattern, second.Pattern);
    }
}
