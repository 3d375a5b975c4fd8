using BackdoorLab.Data;
using BackdoorLab.Web.Features.Compare;
using BackdoorLab.Web.Shared.Charts;

namespace BackdoorLab.Web.Tests.Features.Compare;

/// <summary>Curves and parallel coordinates of a comparison.</summary>
public sealed class CompareChartsTests
{
    [Fact]
    public void Thin_LongCurve_KeepsEndsAndSpikesWithinTheLimit()
    {
        List<int> points = [.. Enumerable.Range(0, 100_000)];

        var thin = Decimation.Thin(points, point => point == 54_321 ? 1000 : point % 7);

        Assert.True(thin.Count <= Decimation.MostPoints, $"{thin.Count} points");
        Assert.Equal((0, 99_999), (thin[0], thin[^1]));
        Assert.Contains(54_321, thin);
        Assert.Equal(thin.Order(), thin);
    }

    [Fact]
    public void Thin_ShortCurve_IsTheSame() => Assert.Equal([3, 1, 2], Decimation.Thin([3, 1, 2], point => point));

    [Fact]
    public void Curves_UpToTwentyRuns_AreDrawnEach()
    {
        var view = View(20);

        Assert.Equal(20, CompareCurves.Build(view, CompareCurves.Measures[0], ChartPalette.Light)!.Traces.Count);
        Assert.Equal("", CompareCurves.Note(view, CompareCurves.Measures[0]));
    }

    [Fact]
    public void Curves_OfMoreRuns_AreMeanAndRangeAndSaySo()
    {
        var view = View(21);

        var chart = CompareCurves.Build(view, CompareCurves.Measures[0], ChartPalette.Light)!;

        Assert.Equal(3, chart.Traces.Count);
        Assert.Equal(["mean of 21 runs", "1", "0.1"], chart.Table.Rows[0]);
        Assert.Equal(["lowest of 21 runs", "1", "0"], chart.Table.Rows[2]);
        Assert.StartsWith(
            "Aggregated: 21 runs",
            CompareCurves.Note(view, CompareCurves.Measures[0]),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Curves_OfRunsWithoutThem_AreNone() =>
        Assert.Null(CompareCurves.Build(View(2), CompareCurves.Measures[1], ChartPalette.Light));

    [Fact]
    public void Parallel_Axes_PutNumbersInTheirOrderAndMissingOnesNowhere()
    {
        var plot = ParallelPlot.Build(View(3))!;

        var seed = plot.Axes[0];
        Assert.Equal(("Run seed", 0.0, 0.5, 1.0), (seed.Name, seed.Places[0], seed.Places[1], seed.Places[2]));
        Assert.Equal([(0.0, "1"), (1.0, "3")], seed.Ticks);
        var accuracy = plot.Axes[1];
        Assert.Equal("CA", accuracy.Name);
        Assert.Equal([0.0, null, 1.0], accuracy.Places);
        Assert.Equal(["0%", "not planned", "2.0%"], accuracy.Texts);
    }

    [Fact]
    public void Parallel_OfEqualRuns_IsNone() => Assert.Null(ParallelPlot.Build(View(1)));

    // Accuracy i % at the end of both epochs; every second run has no cell.
    private static CompareView View(int runs) =>
        new(
            new(
                [
                    .. Enumerable
                        .Range(0, runs)
                        .Select(i => new ComparedRun(
                            new RunItem
                            {
                                Id = $"run{i}",
                                Name = "",
                                State = RunState.Succeeded,
                                Dataset = "gtsrb",
                                Model = "res-net8",
                                Attack = "badnets",
                                ConfigHash = "h",
                                Seed = i + 1,
                            },
                            $$"""{"seed":{{i + 1}}}""",
                            i % 2 == 1
                                ? []
                                :
                                [
                                    new CellResult
                                    {
                                        Id = new(Victim.Backdoored, "float32", null),
                                        Outcome = Outcome.Value,
                                        Measurements = [new("clean-accuracy", i / 100.0)],
                                    },
                                ],
                            [
                                new(Victim.Backdoored, 1, 2, null, i / 100.0, null),
                                new(Victim.Backdoored, 2, 2, null, i / 100.0, null),
                            ],
                            []
                        )),
                ],
                []
            ),
            null,
            Victim.Backdoored,
            null,
            false
        );
}
