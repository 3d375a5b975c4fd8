using BackdoorLab.Web.Shared.Charts;
using Bunit;
using Plotly.Blazor.Traces;

namespace BackdoorLab.Web.Tests.Shared.Charts;

public sealed class FigureChartsTests
{
    private static readonly ChartPalette Palette = ChartPalette.Light;

    [Fact]
    public void Line_NotFiniteValues_BecomeGaps()
    {
        var chart = Build(
            new LineFigure("t", "x", "y", [new("loss", [1, 2, 3, 4], [0.5, double.NaN, double.PositiveInfinity, 0.25])])
        );
        var line = Assert.IsType<Scatter>(Assert.Single(chart.Traces));
        Assert.Equal([0.5, null, null, 0.25], line.Y);
        Assert.Equal("", chart.Table.Rows[1][2]);
    }

    [Fact]
    public void Names_WithMarkup_AreEncoded()
    {
        var chart = Build(new BarFigure("t", "<b>x</b>", "y", ["<i>0</i>"], [new("<script>", [1.0])]));
        var bar = Assert.IsType<Bar>(Assert.Single(chart.Traces));
        Assert.Equal("&lt;script&gt;", bar.Name);
        Assert.Equal("&lt;i&gt;0&lt;/i&gt;", bar.X[0]);
        Assert.Equal("&lt;b&gt;x&lt;/b&gt;", chart.Layout.XAxis[0].Title.Text);
    }

    [Fact]
    public void Histogram_UnevenBins_HaveTheirOwnCentresWidthsAndThreshold()
    {
        var chart = Build(new HistogramFigure("t", "score", [new("clean", [0, 1, 3], [5, 7])], 2.5));
        var bar = Assert.IsType<Bar>(Assert.Single(chart.Traces));
        Assert.Equal([0.5, 2.0], bar.X.Cast<double>());
        Assert.Equal([1m, 2m], bar.WidthArray.Select(width => width!.Value));
        Assert.Equal(2.5, Assert.Single(chart.Layout.Shapes).X0);
        Assert.Equal(["clean", "1", "3", "7"], chart.Table.Rows[1]);
    }

    [Fact]
    public void Bars_NumericCategories_AreNamesNotNumbers()
    {
        var chart = Build(new BarFigure("t", "class", "norm", ["0", "1"], [new("norm", [3, null])], 4));
        Assert.Equal(Plotly.Blazor.LayoutLib.XAxisLib.TypeEnum.Category, chart.Layout.XAxis[0].Type);
        Assert.Null(Assert.IsType<Bar>(chart.Traces[0]).Y[1]);
        Assert.Equal(4.0, Assert.Single(chart.Layout.Shapes).Y0);
    }

    [Fact]
    public void Scatter_Series_DifferInSymbolAsWellAsColour()
    {
        var chart = Build(new ScatterFigure("t", "x", "y", [new("a", [0], [0]), new("b", [1], [1])]));
        var markers = chart.Traces.Cast<Scatter>().Select(trace => (trace.Marker.Color, trace.Marker.Symbol)).ToList();
        Assert.NotEqual(markers[0].Color, markers[1].Color);
        Assert.NotEqual(markers[0].Symbol, markers[1].Symbol);
    }

    [Fact]
    public void Gallery_IsNotAChart() => Assert.Null(FigureCharts.Build(new ImageFigure("t", []), Palette));

    [Fact]
    public void Heatmap_IsATableWhoseTintSpansItsValues()
    {
        using var context = new BunitContext();
        var view = context.Render<FigureView>(parameters =>
            parameters.Add(
                view => view.Figure,
                new HeatmapFigure(
                    "Overlap",
                    "client",
                    "client",
                    ["0 (attacker)", "1"],
                    ["0 (attacker)", "1"],
                    [
                        [1, 0.9],
                        [0.9, 1],
                    ]
                )
            )
        );

        Assert.Equal(
            ["--share: 100%", "--share: 0%", "--share: 0%", "--share: 100%"],
            view.FindAll("td").Select(cell => cell.GetAttribute("style"))
        );
        Assert.Equal(["1", "0.90", "0.90", "1"], view.FindAll("td").Select(cell => cell.TextContent));
        Assert.Equal("0 (attacker), 1: 0.9", view.FindAll("td")[1].GetAttribute("title"));
    }

    [Fact]
    public void Table_ShowsItsRowsUnderTheirHeadings()
    {
        using var context = new BunitContext();
        var view = context.Render<FigureView>(parameters =>
            parameters.Add(
                view => view.Figure,
                new TableFigure(
                    "Cost",
                    ["", "Lockdown", "Dense"],
                    [
                        ["Uploaded", "1 MB", "4 MB"],
                    ]
                )
            )
        );

        Assert.Equal(["Uploaded", "1 MB", "4 MB"], view.FindAll("tbody tr > *").Select(cell => cell.TextContent));
    }

    private static ChartModel Build(Figure figure) => FigureCharts.Build(figure, Palette)!;
}
