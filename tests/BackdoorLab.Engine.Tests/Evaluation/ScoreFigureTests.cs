using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Evaluation;

namespace BackdoorLab.Engine.Tests.Evaluation;

public sealed class ScoreFigureTests
{
    [Fact]
    public void Histogram_OfTwoGroups_SharesBinsAndCountsSharesOfEach()
    {
        var figure = ScoreFigures.Histogram(
            "t",
            "s",
            [("a", [0, 1, 1, 4]), ("b", [3.9, double.PositiveInfinity])],
            2,
            bins: 4
        )!;
        Assert.Equal([0, 1, 2, 3, 4], figure.Histograms[0].Edges);
        Assert.Equal([0.25, 0.5, 0, 0.25], figure.Histograms[0].Counts);
        Assert.Equal([0, 0, 0, 1.0], figure.Histograms[1].Counts);
        Assert.Equal(2, figure.Threshold);
    }

    [Fact]
    public void Histogram_OfConstantScores_StillHasWidth()
    {
        var figure = ScoreFigures.Histogram("t", "s", [("a", [7, 7])], double.PositiveInfinity)!;
        Assert.True(figure.Histograms[0].Edges[0] < 7 && figure.Histograms[0].Edges[^1] > 7);
        Assert.Equal(1, figure.Histograms[0].Counts.Sum());
        Assert.Null(figure.Threshold);
        Assert.Null(ScoreFigures.Histogram("t", "s", [("a", [double.NegativeInfinity])]));
    }

    [Fact]
    public void Scatter_OfManyPoints_KeepsRarePoisonedOnes()
    {
        var plane = new (float X, float Y)[10_000];
        var poisoned = new bool[plane.Length];
        for (var i = 0; i < plane.Length; i++)
        {
            plane[i] = i % 5 == 4 ? (float.NaN, float.NaN) : (i, -i);
            poisoned[i] = i % 100 == 0;
        }

        var figure = ScoreFigures.Scatter("t", plane, poisoned, new SeedTree(1).Random())!;
        Assert.Equal(["clean", "poisoned"], figure.Points.Select(series => series.Name));
        Assert.Equal((1900, 100), (figure.Points[0].X.Length, figure.Points[1].X.Length));
        Assert.All(figure.Points[1].X, x => Assert.Equal(0, x % 100));
        Assert.All(figure.Points[0].Y, y => Assert.True(double.IsFinite(y)));
        Assert.NotEmpty(figure.Note);
    }

    [Fact]
    public void Scatter_OfMostlyPoisonedPoints_FillsThePlacesThatCleanOnesLeave()
    {
        var plane = Enumerable.Range(0, 100).Select(i => ((float)i, 0f)).ToArray();
        bool[] poisoned = [.. Enumerable.Range(0, 100).Select(i => i >= 5)];
        var figure = ScoreFigures.Scatter("t", plane, poisoned, new SeedTree(1).Random(), limit: 20)!;
        Assert.Equal((5, 15), (figure.Points[0].X.Length, figure.Points[1].X.Length));
    }

    [Fact]
    public void Scatter_WithoutTruth_IsAllCleanAndWithoutPointsNothing()
    {
        Assert.Equal(
            "clean",
            Assert.Single(ScoreFigures.Scatter("t", [(1, 2)], null, new SeedTree(1).Random())!.Points).Name
        );
        Assert.Null(ScoreFigures.Scatter("t", [(float.NaN, 2)], null, new SeedTree(1).Random()));
    }
}
