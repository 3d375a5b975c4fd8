using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Training;

/// <summary>Random views of batches.</summary>
[Collection("torch")]
public sealed class ViewsTests
{
    [Fact]
    public void Moved_WithoutTurnOrShift_IsTheImage()
    {
        using var scope = NewDisposeScope();
        var images = Ramp(2, 3, 5, 5);
        Assert.Equal(Inference.Floats(images), Inference.Floats(Views.Moved(images, 0, 0, Draws())));
    }

    [Fact]
    public void Moved_ByAShare_ShiftsWholePixelsAndLeavesBlack()
    {
        using var scope = NewDisposeScope();
        var images = ones(40, 1, 10, 10);
        var moved = Views.Moved(images, 0, 0.2, Draws());
        // At most two pixels along each axis: what is left is a whole rectangle of at least 8 x 8.
        var sums = moved.sum([1, 2, 3]);
        Assert.All(
            Inference.Floats(sums),
            sum => Assert.Contains((int)MathF.Round(sum), new[] { 64, 72, 80, 81, 90, 100 })
        );
        Assert.True(Inference.Floats(sums).Distinct().Count() > 2);
    }

    [Fact]
    public void Moved_ByTurns_KeepsTheMiddle()
    {
        using var scope = NewDisposeScope();
        var images = zeros(8, 1, 7, 7);
        images[.., 0, 3, 3] = tensor(1f);
        var moved = Views.Moved(images, 180, 0, Draws());
        Assert.Equal(8, moved[.., 0, 3, 3].sum().item<float>());
    }

    [Fact]
    public void Cropped_OfTheWholeArea_MirrorsHalf()
    {
        using var scope = NewDisposeScope();
        var images = Ramp(64, 1, 4, 4);
        var views = Views.Cropped(ones(64, 1, 4, 4), 0.2, flip: true, Draws());
        Assert.Equal(images.shape, views.shape);
        Assert.All(Inference.Floats(views.mean([1, 2, 3])), mean => Assert.InRange(mean, 0.5f, 1.0001f));
    }

    [Fact]
    public void Coloured_WithStrengthZero_IsTheImageAndGreyIsGrey()
    {
        using var scope = NewDisposeScope();
        var images = Ramp(3, 3, 2, 2);
        Assert.Equal(
            Inference.Floats(images),
            Inference.Floats(Views.Coloured(images, 0, 1, 0, Draws())),
            (first, second) => Math.Abs(first - second) < 1e-6
        );
        var grey = Views.Coloured(images, 0, 1, 1, Draws());
        Assert.Equal(
            0.299 * images[0, 0, 0, 0].item<float>()
                + 0.587 * images[0, 1, 0, 0].item<float>()
                + 0.114 * images[0, 2, 0, 0].item<float>(),
            grey[0, 2, 0, 0].item<float>(),
            5
        );
    }

    [Fact]
    public void CentreLoss_OfTwoClasses_IsTheCosineOfTheirCentres()
    {
        using var scope = NewDisposeScope();
        // Centres (1, 0) and (1, 1): cosine 1 / sqrt(2).
        var features = tensor(new float[] { 2, 0, 0, 0, 1, 1 }, [3, 2]);
        Assert.Equal(1 / Math.Sqrt(2), SampleSeparation.CentreLoss(features, [0, 0, 1]).item<float>(), 5);
        Assert.Equal(0, SampleSeparation.CentreLoss(features, [4, 4, 4]).item<float>());
    }

    private static Random Draws() => new SeedTree(3).Random();

    private static Tensor Ramp(params long[] size) =>
        arange(size.Aggregate(1L, (product, side) => product * side), ScalarType.Float32)
            .div((Scalar)(float)size.Aggregate(1L, (product, side) => product * side))
            .reshape(size);
}
