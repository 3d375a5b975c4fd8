using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;

namespace BackdoorLab.Engine.Tests.Defenses;

[Collection("torch")]
public sealed class MmBdTests
{
    private const int Classes = 12;
    private const int Planted = 7;
    private static readonly ImageSet NoImages = TestNetworks.ColouredImages(0, TestContexts.Random("none"));
    private static readonly MmBd Settled = new()
    {
        Starts = 5,
        Steps = 400,
        LearningRate = 0.05,
    };

    [Fact]
    public void Detect_LinearNetwork_MarginsAreTheLargestThereAre()
    {
        // A class has five pixels of its own: all bright, and everything else dark.
        using var model = new FloatDeployed(Network(planted: true));
        using var search = new MarginSearch(model, Settled, TestContexts.Run());
        var found = search.Run();

        for (var label = 0; label < Classes; label++)
        {
            var largest = 5 * Weight(label, planted: true);
            Assert.InRange(found[label].Deployed, 0.98 * largest, largest + 1e-3);
            Assert.Equal(found[label].Float, found[label].Deployed, 3);
        }
    }

    [Fact]
    public void Detect_PlantedClass_IsFlaggedWithoutAnyData()
    {
        using var model = new FloatDeployed(Network(planted: true));
        var verdict = Settled.Detect(TestContexts.Of(Needs.InputGradients, model, NoImages));

        Assert.Equal([Planted], verdict.SuspectedLabels);
        Assert.True(BlockSigns.Number(verdict, "margin-p-value") < 1e-4);
        Assert.True(verdict.Score > 4);
    }

    [Fact]
    public void Detect_NoPlantedClass_IsNot()
    {
        using var model = new FloatDeployed(Network(planted: false));
        var verdict = Settled.Detect(TestContexts.Of(Needs.InputGradients, model, NoImages));

        Assert.Equal(Decision.NotFlagged, verdict.Verdict.Decision);
        Assert.True(BlockSigns.Number(verdict, "margin-p-value") > 0.05);
    }

    [Fact]
    public void Detect_ClassesThatSettle_EndEarlyAndTheirImagesCount()
    {
        using var model = new FloatDeployed(Network(planted: false));
        using var search = new MarginSearch(model, Settled with { Tolerance = 0.01 }, TestContexts.Run());
        var found = search.Run();

        Assert.All(found, margin => Assert.InRange(margin.Steps, 20, 399));
        Assert.All(found, margin => Assert.Equal(0, margin.Steps % 10));
        Assert.All(found, margin => Assert.True(margin.Deployed > 2));
    }

    [Fact]
    public void Judge_MarginsGiven_ByHand()
    {
        // Nine margins of mean 2 and mean logarithm log 2 - 0.5772, as the exponential distribution of scale 2 has
        // them, and one of 2 log 1000: F = 0.999, p = 1 - 0.999^10.
        var half = Math.Sqrt(1 - Math.Exp(-3 * 0.5772156649015329));
        double[] three = [2, 2 * (1 + half), 2 * (1 - half)];
        var verdict = new MmBd().Judge(Margins([.. three, .. three, .. three, 2 * Math.Log(1000)]));

        Assert.Equal(1 - Math.Pow(0.999, 10), BlockSigns.Number(verdict, "margin-p-value"), 8);
        Assert.Equal([9], verdict.SuspectedLabels);
        Assert.Equal(-Math.Log10(1 - Math.Pow(0.999, 10)), verdict.Score, 6);
        Assert.Equal(-Math.Log10(0.05), verdict.Threshold, 12);
    }

    [Fact]
    public void Judge_NineClasses_DecidesNothing()
    {
        var verdict = new MmBd().Judge(Margins([1, 2, 3, 4, 5, 6, 7, 8, 500]));

        Assert.Equal(UndecidedReason.FewClasses, verdict.Verdict.Reason);
        Assert.Empty(verdict.SuspectedLabels);
        Assert.Equal(8, verdict.TopLabel);
    }

    [Fact]
    public void Judge_EqualMargins_HaveNoSpread()
    {
        var verdict = new MmBd().Judge(Margins([.. Enumerable.Repeat(3.0, 11), 500]));

        Assert.Equal(UndecidedReason.NoClassSpread, verdict.Verdict.Reason);
        Assert.True(double.IsFinite(verdict.Score));
    }

    [Fact]
    public void Judge_ClassThatCannotWin_IsLeftOutOfTheNullAndSaid()
    {
        double[] margins = [3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        var with = new MmBd().Judge(Margins([.. margins, -1]));

        Assert.Contains("1 classes that could not be made to win", with.Note, StringComparison.Ordinal);
        Assert.Equal(Decision.NotFlagged, with.Verdict.Decision);
    }

    [Fact]
    public void Warnings_ShorterThanThePaper_AreSaid()
    {
        Assert.Empty(new MmBd().Warnings(0));
        Assert.Empty(((MmBd)new MmBd().Brief()).Warnings(0));
        Assert.Single(new MmBd { Steps = 100 }.Warnings(0));
        Assert.Single(new MmBd { Starts = 5 }.Warnings(0));
    }

    private static ClassMargin[] Margins(double[] values) =>
        Array.ConvertAll(values, value => new ClassMargin(value, value, 1));

    private static double Weight(int label, bool planted) => planted && label == Planted ? 8 : 1 + 0.05 * label;

    private static LinearNetwork Network(bool planted)
    {
        var weights = new float[Classes * 64];
        for (var label = 0; label < Classes; label++)
        {
            Array.Fill(weights, (float)Weight(label, planted), label * 64 + 5 * label, 5);
        }

        return new LinearNetwork(TestNetworks.Shape(1, 8, Classes), weights);
    }
}
