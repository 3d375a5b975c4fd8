using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using static BackdoorLab.Engine.Tests.Defenses.BlockSigns;

namespace BackdoorLab.Engine.Tests.Defenses;

[Collection("torch")]
public sealed class GradientFreeNeuralCleanseTests
{
    [Theory]
    [InlineData("float32")]
    [InlineData("int8-static")]
    public void Detect_PlantedPixel_FlagsItsClassAndFindsThePixelWithoutGradients(string precision)
    {
        var verdict = Detect(planted: true, precision);

        Assert.True(verdict.Flagged);
        Assert.Equal(Planted, verdict.TopLabel);
        Assert.Equal([Planted], verdict.SuspectedLabels);
        Assert.InRange(Number(verdict, "smallest-norm"), 0.5, 3);
        Assert.True(Number(verdict, "success-deployed") >= 0.95);
        Assert.DoesNotContain(verdict.Numbers, number => number.Name is "success-twin" or "updates");
        var picture = verdict.Figures.OfType<ImageFigure>().Single().Images[Planted].Pixels;
        Assert.Equal(LastPixel, Array.IndexOf(picture, picture.Max()));
    }

    [Theory]
    [InlineData("float32")]
    [InlineData("int8-static")]
    public void Detect_NothingPlanted_FlagsNothing(string precision)
    {
        var verdict = Detect(planted: false, precision);

        Assert.False(verdict.Flagged);
        Assert.Empty(verdict.SuspectedLabels);
        Assert.Equal(0, Number(verdict, "classes-without-trigger"));
    }

    [Fact]
    public void Detect_ModelWithoutGradients_CountsEveryQueryAndSaysSo()
    {
        using var model = new FloatDeployed(Network(planted: true), GradientAccess.None);
        var method = new GradientFreeNeuralCleanse
        {
            Rounds = 3,
            Pairs = 5,
            BatchSize = 4,
        };
        var images = Images();
        var verdict = method.Detect(TestContexts.Of(Needs.CleanHoldout, model, images));

        // Seven classes, three rounds, 4 images and 5 pairs.
        Assert.Equal(7 * 3 * 14, Number(verdict, "queries"));
        Assert.Contains("No gradients: 294 queries", verdict.Note, StringComparison.Ordinal);
        Assert.Equal(new DefenseWork(294 + 7 * 2 * images.Count, 0), method.Work(new(7, 0, images.Count, 0)));
    }

    [Fact]
    public void TriggerGrid_ThreePixelsInTwoCells_ByHand()
    {
        // Columns 0 and 1 fall into the first cell of a row, column 2 into the second.
        var grid = new TriggerGrid(new ImageSet(new byte[6], [0], 2, 1, 3, ["a"]), 2, 2);

        Assert.Equal(2, grid.MaskCount);
        Assert.Equal([2, 1, 0, 0, 0, 0], grid.Areas);
        Assert.Equal([0, 0, 1], grid.MaskCells);
        Assert.Equal([2, 4, 2, 4, 3, 5], grid.PatternCells);
        var trigger = grid.Trigger([0.5f, 1, 0.1f, 0.2f, 0.3f, 0.4f], 1, 1, 1);
        Assert.Equal([0.5f, 0.5f, 1], trigger.Mask);
        Assert.Equal([0.1f, 0.1f, 0.2f, 0.3f, 0.3f, 0.4f], trigger.Pattern);
        Assert.Equal(2, trigger.Norm, 6);
    }

    [Fact]
    public void Squashed_DescendAlongTheta_StepsAgainstSlopeAndWeightedNorm()
    {
        var numbers = new Squashed(3, TestContexts.Random("squashed"), 0.1);
        var before = numbers.Theta.ToArray();
        numbers.Descend([1, 0, 0], 1, [0, 2, 0]);

        // Adam's first step is the learning rate, whatever the slope; where there is none nothing moves.
        Assert.Equal(before[0] - 0.1, numbers.Theta[0], 1e-5);
        Assert.Equal(before[1] - 0.1, numbers.Theta[1], 1e-5);
        Assert.Equal(before[2], numbers.Theta[2]);
    }

    private static ModelVerdict Detect(bool planted, string precision)
    {
        // Blocks of one size: what honest classes differ in is the noise of the search alone.
        var images = Images(even: true);
        using var network = Network(planted, even: true);
        using var model = ((Precision)MethodCatalog.Default.Find(precision)!.CreateDefault()).Convert(
            network,
            WithWhite(images),
            TestContexts.Run()
        );
        return new GradientFreeNeuralCleanse
        {
            Rounds = 300,
            Pairs = 64,
            BatchSize = 32,
            PatternCells = 2,
            DecisionRule = NormRule.LogNorm,
        }.Detect(TestContexts.Of(Needs.CleanHoldout, model, images));
    }

    // Ranges read from clean images alone would cut every label's logit where the image's own already lies: ties, which
    // only one label wins.
    private static ImageSet WithWhite(ImageSet images)
    {
        var calibration = images.WithCopiedPixels();
        calibration.Pixels.AsSpan(calibration.Pixels.Length / 2).Fill(byte.MaxValue);
        return calibration;
    }
}
