using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Datasets;

[Collection("torch")]
public sealed class BatchesTests
{
    /// <summary>
    /// Two RGB images of 2 x 3 pixels: image i, channel c, row y, column x has the value 100 i + 30 c + 3 y + x + 1.
    /// </summary>
    private static readonly ImageSet Colour = Make(2, 3, 2, 3);

    [Fact]
    public void Images_Gather_IsChannelsLastAndScaled()
    {
        using var scope = NewDisposeScope();

        var batch = Batches.Images(Colour, [1, 0, 1]);

        Assert.Equal([3, 3, 2, 3], batch.shape);
        Assert.Equal([18, 1, 9, 3], batch.stride());
        Assert.Equal(ScalarType.Float32, batch.dtype);
        Assert.Equal(101 / 255f, batch[0, 0, 0, 0].item<float>());
        Assert.Equal(136 / 255f, batch[2, 1, 1, 2].item<float>());
        Assert.Equal(66 / 255f, batch[1, 2, 1, 2].item<float>());
    }

    [Fact]
    public void Images_Flip_MirrorsColumns()
    {
        using var scope = NewDisposeScope();
        var (seeds, random) = SeedWhere(next => next.Next(2) == 1);
        _ = seeds;

        var batch = Batches.Images(Colour, [0], new Augmentation(0, true), random);

        Assert.Equal([3, 2, 1, 6, 5, 4], Values(batch[0, 0]));
        Assert.Equal([63, 62, 61, 66, 65, 64], Values(batch[0, 2]));
    }

    [Theory]
    [InlineData(1, 1, false, new[] { 5, 6, 0, 0, 0, 0 })]
    [InlineData(-1, 0, false, new[] { 0, 0, 0, 1, 2, 3 })]
    [InlineData(0, -1, false, new[] { 0, 1, 2, 0, 4, 5 })]
    [InlineData(0, 1, true, new[] { 0, 3, 2, 0, 6, 5 })]
    [InlineData(0, -1, true, new[] { 2, 1, 0, 5, 4, 0 })]
    public void Images_Crop_ShowsTheShiftedWindowOverZeros(int shiftY, int shiftX, bool flip, int[] expected)
    {
        using var scope = NewDisposeScope();
        var (_, random) = SeedWhere(next =>
            next.Next(3) - 1 == shiftY && next.Next(3) - 1 == shiftX && (next.Next(2) == 1) == flip
        );

        var batch = Batches.Images(Colour, [0], new Augmentation(1, true), random);

        Assert.Equal(expected, Values(batch[0, 0]));
        Assert.Equal(expected.Select(value => value == 0 ? 0 : value + 30), Values(batch[0, 1]));
    }

    // The image is 1 2 3 over 4 5 6; beyond its edge it is mirrored at the edge's pixels, which are not repeated.
    [Theory]
    [InlineData(0, 1, false, new[] { 2, 3, 2, 5, 6, 5 })]
    [InlineData(0, -1, false, new[] { 2, 1, 2, 5, 4, 5 })]
    [InlineData(1, 0, false, new[] { 4, 5, 6, 1, 2, 3 })]
    [InlineData(-1, 0, true, new[] { 6, 5, 4, 3, 2, 1 })]
    [InlineData(0, 1, true, new[] { 2, 3, 2, 5, 6, 5 })]
    public void Images_ReflectedCrop_ShowsTheMirroredEdge(int shiftY, int shiftX, bool flip, int[] expected)
    {
        using var scope = NewDisposeScope();
        var (_, random) = SeedWhere(next =>
            next.Next(3) - 1 == shiftY && next.Next(3) - 1 == shiftX && (next.Next(2) == 1) == flip
        );

        var batch = Batches.Images(Colour, [0], new Augmentation(1, true, Reflect: true), random);

        Assert.Equal(expected, Values(batch[0, 0]));
        Assert.Equal(expected.Select(value => value + 60), Values(batch[0, 2]));
    }

    [Fact]
    public void Images_GivenMirrors_FlipsThoseAndDrawsNone()
    {
        using var scope = NewDisposeScope();

        var batch = Batches.Images(
            Colour,
            [0, 1],
            new Augmentation(0, true, Mirrored: [false, true]),
            TempRoot.Seeds.Random()
        );

        Assert.Equal([1, 2, 3, 4, 5, 6], Values(batch[0, 0]));
        Assert.Equal([103, 102, 101, 106, 105, 104], Values(batch[1, 0]));
    }

    [Theory]
    [InlineData(1, 7, 5)]
    [InlineData(3, 5, 9)]
    public void Images_ManyAugmentations_EqualThePlainDefinition(int channels, int height, int width)
    {
        using var scope = NewDisposeScope();
        var set = Make(4, channels, height, width);
        int[] indices = [3, 0, 1, 2, 2, 3, 1, 0, 3, 2, 1, 0];

        var batch = Batches.Images(set, indices, new Augmentation(6, true), TempRoot.Seeds.Random()).contiguous();

        var random = TempRoot.Seeds.Random();
        var expected = new List<float>();
        foreach (var index in indices)
        {
            var (shiftY, shiftX, flip) = (random.Next(13) - 6, random.Next(13) - 6, random.Next(2) == 1);
            for (var at = 0; at < set.ImageBytes; at++)
            {
                var (c, y, x) = (at / (height * width), at / width % height + shiftY, at % width);
                var sourceX = (flip ? width - 1 - x : x) + shiftX;
                var inside = y >= 0 && y < height && sourceX >= 0 && sourceX < width;
                expected.Add(inside ? set.Image(index)[(c * height + y) * width + sourceX] / 255f : 0);
            }
        }

        Assert.Equal(expected, batch.data<float>().ToArray());
    }

    [Fact]
    public void Images_IndexOutside_IsRefusedWithoutLeak()
    {
        using var scope = NewDisposeScope();

        Assert.Throws<ArgumentOutOfRangeException>(() => Batches.Images(Colour, [0, 2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Batches.Images(Colour, [-1]));
    }

    [Fact]
    public void Images_Twice_LeavesOneTensorEach()
    {
        using var scope = NewDisposeScope();
        var before = scope.DisposablesCount;

        Batches.Images(Colour, [0]);

        Assert.Equal(before + 1, scope.DisposablesCount);
    }

    [Fact]
    public void Labels_Gather_FollowIndices()
    {
        using var scope = NewDisposeScope();

        Assert.Equal([1L, 0L, 1L], Batches.Labels(Colour, [1, 0, 1]).data<long>().ToArray());
    }

    private static int[] Values(Tensor plane) =>
        [.. plane.contiguous().data<float>().ToArray().Select(value => (int)MathF.Round(value * 255))];

    private static (SeedTree Seeds, Random Random) SeedWhere(Func<Random, bool> accept)
    {
        for (var i = 0; ; i++)
        {
            var seeds = new SeedTree(i);
            if (accept(seeds.Random()))
            {
                return (seeds, seeds.Random());
            }
        }
    }

    private static ImageSet Make(int count, int channels, int height, int width)
    {
        var pixels = new byte[count * channels * height * width];
        for (var i = 0; i < pixels.Length; i++)
        {
            var (image, c, y, x) = (
                i / (channels * height * width),
                i / (height * width) % channels,
                i / width % height,
                i % width
            );
            pixels[i] = (byte)(100 * image + 30 * c + 3 * y + x + 1);
        }

        return new ImageSet(
            pixels,
            [.. Enumerable.Range(0, count)],
            channels,
            height,
            width,
            [.. Enumerable.Range(0, count).Select(i => $"{i}")]
        );
    }
}
