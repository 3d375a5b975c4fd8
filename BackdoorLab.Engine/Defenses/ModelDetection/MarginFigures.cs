using BackdoorLab.Engine.Statistics;

namespace BackdoorLab.Engine.Defenses;

/// <summary>The pictures of a search for margins: one bar a class, and the null that they are compared with.</summary>
internal static class MarginFigures
{
    private const int Points = 200;

    internal static IReadOnlyList<Figure> Of(IReadOnlyList<ClassMargin> found, int top, ShiftedGamma? fit, double alpha)
    {
        var bars = new BarFigure(
            "Largest margin of every class",
            "class",
            "margin (logits)",
            [.. Enumerable.Range(0, found.Count).Select(label => FormattableString.Invariant($"{label}"))],
            [
                new BarSeries("deployed model", [.. found.Select(margin => (double?)margin.Deployed)]),
                new BarSeries("float model, while searching", [.. found.Select(margin => (double?)margin.Float)]),
            ],
            fit?.LargestCut(alpha, found.Count)
        )
        {
            Note = fit is null
                ? "No line: the other classes' margins give no null to compare with."
                : FormattableString.Invariant(
                    $"The largest of {found.Count} margins is above the line with probability {alpha:0.###} under the null, a gamma distribution of shape {fit.Shape:0.##} and scale {fit.Scale:0.##} fitted to the classes without the top one."
                ),
        };
        return fit is null ? [bars] : [bars, Density(found, top, fit)];
    }

    private static LineFigure Density(IReadOnlyList<ClassMargin> found, int top, ShiftedGamma fit)
    {
        var end = 1.1 * Math.Max(found[top].Deployed, fit.LargestCut(0.01, found.Count));
        double[] x = [.. Enumerable.Range(1, Points).Select(i => end * i / Points)];
        double[] others = [.. found.Select(margin => margin.Deployed).Where((_, label) => label != top)];
        return new LineFigure(
            "Margins and their null",
            "margin (logits)",
            "density",
            [
                new Series("fitted to the others", x, [.. x.Select(fit.Density)]),
                new Series("the others", [.. others.Order()], new double[others.Length]),
            ],
            found[top].Deployed
        )
        {
            Note = "The vertical line is the largest margin.",
        };
    }
}
