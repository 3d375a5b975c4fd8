using Plotly.Blazor;
using Plotly.Blazor.LayoutLib;
using Plotly.Blazor.Traces.ScatterLib.MarkerLib;

namespace BackdoorLab.Web.Shared.Charts;

/// <summary>Draws the engine's figures, which know no chart library.</summary>
public static class FigureCharts
{
    private static readonly SymbolEnum[] Symbols =
    [
        SymbolEnum.Circle,
        SymbolEnum.Diamond,
        SymbolEnum.Square,
        SymbolEnum.Cross,
        SymbolEnum.TriangleUp,
    ];
    private static readonly string?[] Dashes = [null, "dot", "dash", "dashdot"];

    /// <summary>
    /// The chart of <paramref name="figure"/>, or null for what is no chart: a gallery, a heat map, a table.
    /// </summary>
    public static ChartModel? Build(Figure figure, ChartPalette palette) =>
        figure switch
        {
            ScatterFigure scatter => Scatter(scatter, palette),
            LineFigure line => Line(line, palette),
            HistogramFigure histogram => Histogram(histogram, palette),
            BarFigure bar => Bars(bar, palette),
            _ => null,
        };

    private static ChartModel Scatter(ScatterFigure figure, ChartPalette palette) =>
        new(
            [
                .. figure.Points.Select(
                    (series, i) =>
                        ChartParts.Points(
                            series.Name,
                            ChartParts.Values(series.X),
                            ChartParts.Values(series.Y),
                            palette.At(i),
                            Symbols[i % Symbols.Length]
                        )
                ),
            ],
            ChartParts.Layout(palette, figure.XLabel, figure.YLabel),
            SeriesTable(figure.Points, figure.XLabel, figure.YLabel)
        );

    private static ChartModel Line(LineFigure figure, ChartPalette palette)
    {
        var layout = ChartParts.Layout(palette, figure.XLabel, figure.YLabel);
        if (figure.Marker is { } marker && double.IsFinite(marker))
        {
            layout.Shapes = [ChartParts.Threshold(palette, marker, null)];
        }

        return new(
            [
                .. figure.Lines.Select(
                    (series, i) =>
                        ChartParts.Line(
                            series.Name,
                            ChartParts.Values(series.X),
                            ChartParts.Values(series.Y),
                            palette.At(i),
                            Dashes[i / palette.Series.Count % Dashes.Length],
                            series.X.Length <= 60
                        )
                ),
            ],
            layout,
            SeriesTable(figure.Lines, figure.XLabel, figure.YLabel)
        );
    }

    private static ChartModel Histogram(HistogramFigure figure, ChartPalette palette)
    {
        var layout = ChartParts.Layout(palette, figure.XLabel, "count", bars: BarModeEnum.Overlay);
        if (figure.Threshold is { } threshold && double.IsFinite(threshold))
        {
            layout.Shapes = [ChartParts.Threshold(palette, threshold, null)];
        }

        var traces = figure.Histograms.Select(
            (histogram, i) =>
                ChartParts.Bar(
                    histogram.Name,
                    ChartParts.Values(Centres(histogram)),
                    ChartParts.Values(histogram.Counts),
                    palette.At(i),
                    ChartParts.Values(
                        histogram.Counts.Select((_, bin) => histogram.Edges[bin + 1] - histogram.Edges[bin])
                    ),
                    figure.Histograms.Length > 1 ? 0.62m : 0.9m
                )
        );
        var rows = figure.Histograms.SelectMany(histogram =>
            histogram.Counts.Select(
                (count, bin) =>
                    (IReadOnlyList<string>)
                        [
                            histogram.Name,
                            ChartParts.Number(histogram.Edges[bin]),
                            ChartParts.Number(histogram.Edges[bin + 1]),
                            ChartParts.Number(count),
                        ]
            )
        );
        return new([.. traces], layout, new(["Series", "From", "To", "Count"], [.. rows]));
    }

    private static ChartModel Bars(BarFigure figure, ChartPalette palette)
    {
        var layout = ChartParts.Layout(
            palette,
            figure.XLabel,
            figure.YLabel,
            figure.Bars.Length > 1,
            BarModeEnum.Group
        );
        if (figure.Threshold is { } threshold && double.IsFinite(threshold))
        {
            layout.Shapes = [ChartParts.Threshold(palette, null, threshold)];
        }

        // "0", "1", ... are names here, not positions on a number line.
        layout.XAxis[0].Type = Plotly.Blazor.LayoutLib.XAxisLib.TypeEnum.Category;
        IList<object> categories = [.. figure.Categories.Select(category => (object)ChartParts.Text(category))];
        var rows = figure.Categories.Select(
            (category, i) =>
                (IReadOnlyList<string>)
                    [
                        category,
                        .. figure.Bars.Select(bar => i < bar.Values.Length ? ChartParts.Number(bar.Values[i]) : ""),
                    ]
        );
        return new(
            [
                .. figure.Bars.Select(
                    (bar, i) => ChartParts.Bar(bar.Name, categories, ChartParts.Values(bar.Values), palette.At(i))
                ),
            ],
            layout,
            new([figure.XLabel, .. figure.Bars.Select(bar => bar.Name)], [.. rows])
        );
    }

    private static IEnumerable<double> Centres(Histogram histogram) =>
        histogram.Counts.Select((_, bin) => (histogram.Edges[bin] + histogram.Edges[bin + 1]) / 2);

    private static ChartTable SeriesTable(IEnumerable<Series> all, string xLabel, string yLabel) =>
        new(
            ["Series", xLabel, yLabel],
            [
                .. all.SelectMany(series =>
                    series.X.Zip(
                        series.Y,
                        (x, y) => (IReadOnlyList<string>)[series.Name, ChartParts.Number(x), ChartParts.Number(y)]
                    )
                ),
            ]
        );
}
