using BackdoorLab.Web.Shared.Words;
using Plotly.Blazor;
using Plotly.Blazor.LayoutLib;

namespace BackdoorLab.Web.Shared.Charts;

/// <summary>Height of a bar with its 95 % interval.</summary>
public sealed record BarValue(double Value, double? Low, double? High, int? N = null);

/// <summary>Clean accuracy and attack success rate of the undefended models by precision.</summary>
public static class PrecisionBars
{
    private static readonly string[] Names =
    [
        "CA, backdoored",
        "ASR, backdoored",
        "CA, benign twin",
        "ASR, benign twin",
    ];

    /// <summary>The chart.</summary>
    /// <param name="precisions">Labels, from left to right.</param>
    /// <param name="find">Value of one of the four series at a precision; series that have none are left out.</param>
    /// <param name="palette">Colours.</param>
    public static ChartModel Build(
        IReadOnlyList<string> precisions,
        Func<int, string, BarValue?> find,
        ChartPalette palette
    )
    {
        IList<object> x =
        [
            .. precisions.Select(precision => (object)ChartParts.Category(KindWords.Short(precision), 20)),
        ];
        var traces = new List<ITrace>();
        for (var one = 0; one < Names.Length; one++)
        {
            BarValue?[] bars = [.. precisions.Select(precision => find(one, precision))];
            if (bars.Any(bar => bar is not null))
            {
                traces.Add(
                    ChartParts.Bar(
                        Names[one],
                        x,
                        ChartParts.Values(bars.Select(bar => bar?.Value)),
                        palette.At(one),
                        opacity: one < 2 ? 1 : 0.55m,
                        up: ChartParts.Values(bars.Select(bar => bar?.High - bar?.Value)),
                        down: ChartParts.Values(bars.Select(bar => bar?.Value - bar?.Low)),
                        ink: palette.Ink
                    )
                );
            }
        }

        var table = precisions.Select(precision =>
            (IReadOnlyList<string>)
                [KindWords.Label(precision), .. Names.Select((_, one) => Words(find(one, precision)))]
        );
        var layout = ChartParts.Layout(palette, "", "", bars: BarModeEnum.Group, shares: true);
        layout.XAxis[0].TickAngle = 0;
        return new(traces, layout, new(["Precision", .. Names], [.. table]));
    }

    private static string Words(BarValue? bar)
    {
        if (bar is null)
        {
            return "–";
        }

        var interval = bar is { Low: { } low, High: { } high }
            ? $" ({Numbers.Percent(low)} to {Numbers.Percent(high)})"
            : "";
        return Numbers.Percent(bar.Value)
            + interval
            + (bar.N is { } n ? FormattableString.Invariant($", n = {n}") : "");
    }
}
