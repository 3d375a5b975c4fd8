using System.Globalization;
using System.Net;
using Plotly.Blazor;
using Plotly.Blazor.LayoutLib;
using Bars = Plotly.Blazor.Traces.BarLib;
using Scatters = Plotly.Blazor.Traces.ScatterLib;

namespace BackdoorLab.Web.Shared.Charts;

/// <summary>
/// The pieces of every chart. The drawing library reads markup in names and refuses NaN, so text is encoded and
/// numbers that are not finite become gaps, here and nowhere else.
/// </summary>
public static class ChartParts
{
    private const string Font = "Plex Sans, system-ui, sans-serif";

    /// <summary>Encodes text that may come from a person or a file.</summary>
    public static string Text(string text) => WebUtility.HtmlEncode(text);

    /// <summary>
    /// A category's name on an axis, in lines of some <paramref name="width"/> letters: the library slants long ones
    /// across half the chart.
    /// </summary>
    public static string Category(string text, int width = 12)
    {
        var lines = new List<string>();
        foreach (var word in text.Split(' '))
        {
            if (lines.Count > 0 && lines[^1].Length + word.Length < width)
            {
                lines[^1] += $" {word}";
            }
            else
            {
                lines.Add(word);
            }
        }

        return string.Join("<br>", lines.Select(Text));
    }

    /// <summary>Boxed values with gaps where a value is missing or not finite.</summary>
    public static IList<object> Values(IEnumerable<double?> values) =>
        [.. values.Select(value => value is { } number && double.IsFinite(number) ? (object)number : null!)];

    /// <summary>Boxed values with gaps where a value is not finite.</summary>
    public static IList<object> Values(IEnumerable<double> values) => Values(values.Select(value => (double?)value));

    /// <summary>A number for the table twin.</summary>
    public static string Number(double? value) =>
        value is { } number && double.IsFinite(number) ? number.ToString("G5", CultureInfo.InvariantCulture) : "";

    /// <summary>A curve.</summary>
    public static ITrace Line(
        string name,
        IList<object> x,
        IList<object> y,
        string color,
        string? dash = null,
        bool markers = true
    ) =>
        new Plotly.Blazor.Traces.Scatter
        {
            Name = Text(name),
            X = x,
            Y = y,
            Mode = markers ? Scatters.ModeFlag.Lines | Scatters.ModeFlag.Markers : Scatters.ModeFlag.Lines,
            Line = new Scatters.Line
            {
                Color = color,
                Width = 2,
                Dash = dash,
            },
            Marker = new Scatters.Marker { Color = color, Size = 5 },
        };

    /// <summary>Points.</summary>
    public static ITrace Points(
        string name,
        IList<object> x,
        IList<object> y,
        string color,
        Scatters.MarkerLib.SymbolEnum symbol,
        IList<string>? labels = null,
        bool labelsBelow = false
    ) =>
        new Plotly.Blazor.Traces.Scatter
        {
            Name = Text(name),
            X = x,
            Y = y,
            Mode = labels is null ? Scatters.ModeFlag.Markers : Scatters.ModeFlag.Markers | Scatters.ModeFlag.Text,
            TextArray = labels?.Select(Text).ToList(),
            TextPosition = labelsBelow ? Scatters.TextPositionEnum.BottomCenter : Scatters.TextPositionEnum.TopCenter,
            ClipOnAxis = labels is null,
            Marker = new Scatters.Marker
            {
                Color = color,
                Size = labels is null ? 5 : 10,
                Symbol = symbol,
                Opacity = labels is null ? 0.65m : 0.9m,
            },
        };

    /// <summary>
    /// Bars, with whiskers where <paramref name="up"/> and <paramref name="down"/> are given, in the colour
    /// <paramref name="ink"/>.
    /// </summary>
    public static ITrace Bar(
        string name,
        IList<object> x,
        IList<object> y,
        string color,
        IList<object>? width = null,
        decimal opacity = 1,
        IList<object>? up = null,
        IList<object>? down = null,
        string? ink = null
    ) =>
        new Plotly.Blazor.Traces.Bar
        {
            Name = Text(name),
            X = x,
            Y = y,
            WidthArray = width
                ?.Select(value => (decimal?)Convert.ToDecimal(value, CultureInfo.InvariantCulture))
                .ToList(),
            Opacity = opacity,
            Marker = new Bars.Marker { Color = color },
            ErrorY = up is null
                ? null
                : new Bars.ErrorY
                {
                    Type = Bars.ErrorYLib.TypeEnum.Data,
                    Array = up,
                    ArrayMinus = down,
                    Symmetric = false,
                    Thickness = 1.2m,
                    Width = 4,
                    Color = ink,
                },
        };

    /// <summary>Axes, colours and margins shared by all charts.</summary>
    public static Plotly.Blazor.Layout Layout(
        ChartPalette palette,
        string xLabel,
        string yLabel,
        bool legend = true,
        BarModeEnum? bars = null,
        bool shares = false
    ) =>
        new()
        {
            // Charts stand on panels of this colour; a saved picture must be readable elsewhere too.
            PaperBgColor = palette.Surface,
            PlotBgColor = "rgba(0,0,0,0)",
            Font = new Font
            {
                Family = Font,
                Size = 12,
                Color = palette.Muted,
            },
            Margin = new Margin
            {
                L = 56,
                R = 14,
                T = 12,
                B = 46,
            },
            ShowLegend = legend,
            BarMode = bars,
            BarGap = bars == BarModeEnum.Overlay ? 0 : 0.28m,
            HoverLabel = new HoverLabel
            {
                BgColor = palette.Surface,
                BorderColor = palette.Grid,
                Font = new Plotly.Blazor.LayoutLib.HoverLabelLib.Font { Family = Font, Color = palette.Ink },
            },
            Legend =
            [
                new Legend
                {
                    Orientation = Plotly.Blazor.LayoutLib.LegendLib.OrientationEnum.H,
                    Y = 1.02m,
                    YAnchor = Plotly.Blazor.LayoutLib.LegendLib.YAnchorEnum.Bottom,
                    X = 0,
                    Font = new Plotly.Blazor.LayoutLib.LegendLib.Font { Color = palette.Ink },
                },
            ],
            XAxis =
            [
                new XAxis
                {
                    Title = new Plotly.Blazor.LayoutLib.XAxisLib.Title { Text = Text(xLabel), Standoff = 8 },
                    GridColor = palette.Grid,
                    ZeroLineColor = palette.Grid,
                    LineColor = palette.Grid,
                    AutoMargin = Plotly.Blazor.LayoutLib.XAxisLib.AutoMarginFlag.True,
                },
            ],
            YAxis =
            [
                new YAxis
                {
                    Title = new Plotly.Blazor.LayoutLib.YAxisLib.Title { Text = Text(yLabel), Standoff = 8 },
                    GridColor = palette.Grid,
                    ZeroLineColor = palette.Grid,
                    LineColor = palette.Grid,
                    AutoMargin = Plotly.Blazor.LayoutLib.YAxisLib.AutoMarginFlag.True,
                    Range = shares ? [-0.03, 1.03] : null,
                    TickFormat = shares ? ".0%" : null,
                },
            ],
            UiRevision = "keep",
        };

    /// <summary>
    /// A dashed line across the plot, upright at <paramref name="x"/> or level at <paramref name="y"/>.
    /// </summary>
    public static Shape Threshold(ChartPalette palette, double? x, double? y) =>
        new()
        {
            Type = Plotly.Blazor.LayoutLib.ShapeLib.TypeEnum.Line,
            XRef = x is null ? "paper" : "x",
            YRef = y is null ? "paper" : "y",
            X0 = x ?? 0,
            X1 = x ?? 1,
            Y0 = y ?? 0,
            Y1 = y ?? 1,
            Line = new Plotly.Blazor.LayoutLib.ShapeLib.Line
            {
                Color = palette.Threshold,
                Width = 1.5m,
                Dash = "dash",
            },
        };
}
