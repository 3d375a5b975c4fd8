using BackdoorLab.Data;
using BackdoorLab.Web.Shared.Charts;
using BackdoorLab.Web.Shared.Words;
using Plotly.Blazor.Traces.ScatterLib.MarkerLib;

namespace BackdoorLab.Web.Features.Overview;

/// <summary>Clean accuracy against attack success rate, one series per defense, one point per precision.</summary>
public static class TradeOff
{
    private static readonly SymbolEnum[] Symbols =
    [
        SymbolEnum.Circle,
        SymbolEnum.Diamond,
        SymbolEnum.Square,
        SymbolEnum.TriangleUp,
        SymbolEnum.Star,
    ];

    /// <summary>The chart, or null when no cell has both numbers.</summary>
    public static ChartModel? Build(ResultMatrix accuracy, ResultMatrix attackSuccess, ChartPalette palette)
    {
        var points = accuracy
            .Cells.Where(cell => cell.Value is not null)
            .Select(cell =>
                (
                    cell.Defense,
                    cell.Precision,
                    Accuracy: cell.Value!.Mean,
                    Attack: attackSuccess.Find(cell.Defense, cell.Precision)?.Value?.Mean
                )
            )
            .Where(point => point.Attack is not null)
            .GroupBy(point => point.Defense)
            .OrderBy(group => KindWords.Rank(group.Key))
            .ToList();
        if (points.Count == 0)
        {
            return null;
        }

        var traces = points.Select(
            (group, i) =>
                ChartParts.Points(
                    Name(group.Key),
                    ChartParts.Values(group.Select(point => point.Accuracy)),
                    ChartParts.Values(group.Select(point => point.Attack)),
                    palette.At(i),
                    Symbols[i % Symbols.Length],
                    // One word a point, above or below by turns: the table beneath has the full names.
                    [.. group.Select(point => KindWords.Short(point.Precision).Split(' ')[0])],
                    labelsBelow: i % 2 == 1
                )
        );
        var layout = ChartParts.Layout(palette, "clean accuracy", "attack success rate", shares: true);
        layout.XAxis[0].TickFormat = ".0%";
        layout.YAxis[0].Range = [-0.05, 1.14];
        var rows = points.SelectMany(group =>
            group.Select(point =>
                (IReadOnlyList<string>)
                    [
                        Name(group.Key),
                        KindWords.Label(point.Precision),
                        Numbers.Percent(point.Accuracy),
                        Numbers.Percent(point.Attack!.Value),
                    ]
            )
        );
        return new(
            [.. traces],
            layout,
            new(["Defense", "Precision", "Clean accuracy", "Attack success rate"], [.. rows])
        );
    }

    private static string Name(string defense) => defense.Length == 0 ? "No defense" : KindWords.Label(defense);
}
