using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;

namespace BackdoorLab.Engine.Tests.Defenses;

[Collection("torch")]
public sealed class ScaleUpTests
{
    // Class 0 is 1.2 times the first pixel, class 1 the second one and five times the third.
    private static readonly float[] Weights = [1.2f, 0, 0, 0, 0, 1, 5, 0];

    [Fact]
    public void Score_ShareOfCopiesWithTheLabel_ByHand()
    {
        using var model = Model();
        // 0.2 and 0.3: 0.24 < 0.3. Times 3: 0.72 < 0.9. Times 5 and more both pixels are white: 1.2 > 1. With the third
        // pixel the label stays. And 0.3 and 0.2 are of class 0 throughout.
        var images = Images([51, 77, 0, 0], [51, 77, 60, 0], [77, 51, 0, 0]);
        var filter = new ScaleUp().Fit(TestContexts.Of(Needs.None, model, images));

        Assert.Equal([0.2, 1, 1], filter.Score(images, TestContexts.Run()));
        Assert.Equal(0.5, filter.Threshold);
        Assert.True(double.IsNaN(filter.FalseRejectionRate));
    }

    [Fact]
    public void Score_Normalised_ByTheCleanImagesOfThePredictedClass()
    {
        using var model = Model();
        // Clean images of class 1 score 0.2 and 1: mean 0.6, deviation 0.4 root 2. One image of class 0 is too few: all
        // three score 0.2, 1, 1.
        var clean = Images([51, 77, 0, 0], [51, 77, 60, 0], [77, 51, 0, 0]);
        var filter = new ScaleUp { Normalized = true }.Fit(TestContexts.Of(Needs.CleanHoldout, model, clean));
        var found = filter.Score(clean, TestContexts.Run());

        Assert.Equal(-Math.Sqrt(0.5), found[0], 9);
        Assert.Equal(Math.Sqrt(0.5), found[1], 9);
        Assert.Equal((1 - 2.2 / 3) / Math.Sqrt(0.64 / 3), found[2], 9);
        Assert.Equal(2 / 3.0, filter.FalseRejectionRate, 12);
    }

    [Fact]
    public void Usual_ClassWhoseCleanImagesScoreAlike_HasTheLeastDeviation()
    {
        var usual = UsualConsistency.Of([0, 0, 1], [0.4, 0.4, 1], 2);

        Assert.Equal(2, usual.Of(0, 0.6), 9);
    }

    [Fact]
    public void Warnings_ThresholdOutsideTheScore_IsSaid()
    {
        Assert.Empty(new ScaleUp().Warnings(0));
        Assert.Empty(new ScaleUp { Normalized = true, Threshold = 1.5 }.Warnings(400));
        Assert.Contains("nothing", Assert.Single(new ScaleUp { Threshold = 1 }.Warnings(0)), StringComparison.Ordinal);
    }

    private static FloatDeployed Model() => new(new LinearNetwork(TestNetworks.Shape(1, 2, 2), Weights));

    private static ImageSet Images(params byte[][] pixels) =>
        new([.. pixels.SelectMany(image => image)], new int[pixels.Length], 1, 2, 2, ["zero", "one"]);
}
