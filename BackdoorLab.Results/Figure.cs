using System.Text.Json.Serialization;

namespace BackdoorLab.Results;

/// <summary>What a figure is for, where a screen must find it; titles are for people.</summary>
public enum FigureKind
{
    /// <summary>The triggers that an inversion recovered, one picture a class.</summary>
    ReversedTriggers,
}

/// <summary>
/// A picture as data, independent of any chart library: a closed set of records that is stored as JSON and drawn by the
/// dashboard. NaN and infinity are not allowed in values.
/// </summary>
/// <param name="Title">What is seen.</param>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "figure")]
[JsonDerivedType(typeof(ScatterFigure), "scatter")]
[JsonDerivedType(typeof(HistogramFigure), "histogram")]
[JsonDerivedType(typeof(BarFigure), "bar")]
[JsonDerivedType(typeof(LineFigure), "line")]
[JsonDerivedType(typeof(ImageFigure), "images")]
[JsonDerivedType(typeof(HeatmapFigure), "heatmap")]
[JsonDerivedType(typeof(TableFigure), "table")]
public abstract record Figure(string Title)
{
    /// <summary>A sentence that says how to read it; may be empty.</summary>
    public string Note { get; init; } = "";

    /// <summary>What it is for; null where nothing asks for it.</summary>
    [JsonConverter(typeof(FigureCode))]
    public FigureKind? Kind { get; init; }
}

/// <summary>Named points or a named curve.</summary>
/// <param name="Name">Legend text.</param>
/// <param name="X">Abscissae.</param>
/// <param name="Y">Ordinates, as many as <paramref name="X"/>.</param>
public sealed record Series(string Name, double[] X, double[] Y);

/// <summary>Points in the plane, at most about 2,000 in all.</summary>
public sealed record ScatterFigure(string Title, string XLabel, string YLabel, Series[] Points) : Figure(Title);

/// <summary>Curves; <paramref name="Marker"/> is a vertical line (a chosen step, a stop).</summary>
public sealed record LineFigure(string Title, string XLabel, string YLabel, Series[] Lines, double? Marker = null)
    : Figure(Title);

/// <summary>Counts over common bins: <c>Edges.Length == Counts.Length + 1</c>.</summary>
public sealed record Histogram(string Name, double[] Edges, double[] Counts);

/// <summary>Histograms over one axis; <paramref name="Threshold"/> is the decision threshold.</summary>
public sealed record HistogramFigure(string Title, string XLabel, Histogram[] Histograms, double? Threshold = null)
    : Figure(Title);

/// <summary>Values per category, one array a series; <paramref name="Threshold"/> is a horizontal line.</summary>
public sealed record BarFigure(
    string Title,
    string XLabel,
    string YLabel,
    string[] Categories,
    BarSeries[] Bars,
    double? Threshold = null
) : Figure(Title);

/// <summary>One series of a <see cref="BarFigure"/>; a null value is a gap.</summary>
public sealed record BarSeries(string Name, double?[] Values);

/// <summary>
/// An image: interleaved 8-bit pixels, row-major, <c>Pixels.Length == Height * Width * Channels</c>, 1 or 3 channels.
/// </summary>
public sealed record PixelImage(string Caption, int Width, int Height, int Channels, byte[] Pixels);

/// <summary>A gallery.</summary>
public sealed record ImageFigure(string Title, PixelImage[] Images) : Figure(Title);

/// <summary>A matrix as colours: <c>Values[row][column]</c>, as many rows and columns as labels.</summary>
public sealed record HeatmapFigure(
    string Title,
    string XLabel,
    string YLabel,
    string[] Columns,
    string[] Rows,
    double[][] Values
) : Figure(Title);

/// <summary>Rows of text under headings; the first column names the row.</summary>
public sealed record TableFigure(string Title, string[] Headings, string[][] Rows) : Figure(Title);
