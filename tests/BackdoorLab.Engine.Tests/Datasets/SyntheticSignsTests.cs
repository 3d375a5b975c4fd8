using System.Security.Cryptography;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Tests.Datasets;

public sealed class SyntheticSignsTests
{
    private static readonly SyntheticSigns Small = new() { TrainCount = 200, TestCount = 100 };

    [Fact]
    public void Load_SameParameters_GivesTheSamePixelsWhateverTheRunSeed()
    {
        var first = Small.Load("", new SeedTree(1));
        var second = Small.Load("", new SeedTree(2));

        Assert.Equal(SHA256.HashData(first.Train.Pixels), SHA256.HashData(second.Train.Pixels));
        Assert.Equal(SHA256.HashData(first.Test.Pixels), SHA256.HashData(second.Test.Pixels));
    }

    [Fact]
    public void Load_OtherSeed_GivesOtherPixels()
    {
        var first = Small.Load("", TempRoot.Seeds).Train;
        var second = (Small with { Seed = 2 }).Load("", TempRoot.Seeds).Train;

        Assert.All(Enumerable.Range(0, 20), i => Assert.NotEqual(first.Image(i).ToArray(), second.Image(i).ToArray()));
    }

    [Fact]
    public void Load_SmallerCount_IsTheBeginningOfTheLarger()
    {
        var large = Small.Load("", TempRoot.Seeds).Train;
        var small = (Small with { TrainCount = 100 }).Load("", TempRoot.Seeds).Train;

        Assert.Equal(large.Pixels[..small.Pixels.Length], small.Pixels);
        Assert.Equal(large.Labels[..100], small.Labels);
    }

    [Fact]
    public void Load_TrainAndTest_ShareNoPicture()
    {
        var splits = Small.Load("", TempRoot.Seeds);
        var train = Enumerable
            .Range(0, 200)
            .Select(i => Convert.ToHexString(SHA256.HashData(splits.Train.Image(i))))
            .ToHashSet();

        Assert.Equal(200, train.Count);
        Assert.DoesNotContain(
            Enumerable.Range(0, 100),
            i => train.Contains(Convert.ToHexString(SHA256.HashData(splits.Test.Image(i))))
        );
    }

    [Theory]
    [InlineData(10)]
    [InlineData(43)]
    public void Load_Classes_AreBalancedNamedAndDistinct(int classes)
    {
        var splits = new SyntheticSigns
        {
            Classes = classes,
            TrainCount = classes * 10,
            TestCount = 100,
        }.Load("", TempRoot.Seeds);

        Assert.Equal(classes, splits.Train.Classes);
        Assert.Equal(classes, splits.Train.ClassNames.Distinct().Count());
        Assert.All(
            Enumerable.Range(0, classes),
            label => Assert.Equal(10, splits.Train.Labels.Count(found => found == label))
        );
        Assert.False(splits.FlipAllowed);
        Assert.Contains("generated images, not photographs", splits.Remarks);
    }

    [Fact]
    public void Load_Limit_IsStratified()
    {
        var splits = (Small with { TrainLimit = 55 }).Load("", TempRoot.Seeds);

        Assert.Equal(55, splits.Train.Count);
        Assert.All(
            Enumerable.Range(0, 10),
            label => Assert.InRange(splits.Train.Labels.Count(found => found == label), 5, 6)
        );
        Assert.Contains("subset: 55 of 200 training images", splits.Remarks);
    }

    [Fact]
    public void Load_Pixels_FitTheNormalization()
    {
        var splits = new SyntheticSigns
        {
            Classes = 43,
            TrainCount = 2150,
            TestCount = 100,
        }.Load("", TempRoot.Seeds);

        for (var channel = 0; channel < 3; channel++)
        {
            var values = Enumerable
                .Range(0, splits.Train.Count)
                .SelectMany(i => splits.Train.Image(i).Slice(channel * 1024, 1024).ToArray())
                .Select(value => value / 255.0)
                .ToArray();
            var mean = values.Average();
            Assert.Equal(mean, splits.Normalization.Mean[channel], 0.02);
            Assert.Equal(
                Math.Sqrt(values.Average(value => (value - mean) * (value - mean))),
                splits.Normalization.StandardDeviation[channel],
                0.02
            );
        }
    }

    [Fact]
    public void Designs_DrawnPlainly_DifferFromEachOther()
    {
        // The same generator draws the same scene, so two designs differ only by the sign itself.
        var painter = new SignPainter();
        var drawn = SignCatalog
            .All.Select(design =>
            {
                var pixels = new byte[3072];
                painter.Paint(design, TempRoot.Seeds.Random(), pixels);
                return pixels;
            })
            .ToArray();

        Assert.Equal(43, drawn.Length);
        for (var a = 0; a < drawn.Length; a++)
        {
            for (var b = 0; b < a; b++)
            {
                var different = drawn[a].Zip(drawn[b]).Count(pair => Math.Abs(pair.First - pair.Second) > 12);
                Assert.True(
                    different >= 12,
                    $"{SignCatalog.All[a].Name} and {SignCatalog.All[b].Name} differ in {different} values only."
                );
            }
        }
    }
}
