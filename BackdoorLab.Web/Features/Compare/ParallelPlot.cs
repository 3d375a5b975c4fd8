using System.Globalization;
using BackdoorLab.Data;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Web.Shared.Words;

namespace BackdoorLab.Web.Features.Compare;

/// <summary>An upright axis.</summary>
/// <param name="Name">What it shows.</param>
/// <param name="Ticks">Marks, from 0 (bottom) to 1 (top).</param>
/// <param name="Places">Where each run crosses it, or null.</param>
/// <param name="Texts">The runs' values in words.</param>
public sealed record ParallelAxis(
    string Name,
    IReadOnlyList<(double At, string Text)> Ticks,
    IReadOnlyList<double?> Places,
    IReadOnlyList<string> Texts
);

/// <summary>
/// Parallel coordinates of runs: differing settings on the left, numbers on the right. Drawn by us, because the chart
/// library would need a policy that allows evaluated scripts for this one.
/// </summary>
/// <param name="Axes">From left to right.</param>
/// <param name="LeftOut">Axes for which there is no room.</param>
public sealed record ParallelPlot(IReadOnlyList<ParallelAxis> Axes, int LeftOut)
{
    private const int MostSettings = 5;
    private const int MostNumbers = 5;
    private const int MostTicks = 8;

    /// <summary>The plot, or null when there are not two axes to connect.</summary>
    public static ParallelPlot? Build(CompareView view)
    {
        // Those that every run has come first: the parameters of one attack say nothing of another's.
        var settings = view
            .Settings.Where(row => row.Differs)
            .OrderBy(row => row.Values.Contains(""))
            .Select(row =>
                Categories(
                    row.Name.Length > 0 ? $"{Short(row.Group)} {row.Name.ToLowerInvariant()}" : Short(row.Group),
                    row.Values
                )
            )
            .ToList();
        var numbers = view
            .Rows.Where(row =>
                row.Metric.HigherIsBetter is not null && row.Values.Count(value => value.Number is not null) > 1
            )
            .Select(Numeric)
            .ToList();
        List<ParallelAxis> axes = [.. settings.Take(MostSettings), .. numbers.Take(MostNumbers)];
        return axes.Count < 2 ? null : new(axes, settings.Count + numbers.Count - axes.Count);
    }

    // "Defense: STRIP" is understood without its kind.
    private static string Short(string group) =>
        group[(group.IndexOf(": ", StringComparison.Ordinal) is var cut and >= 0 ? cut + 2 : 0)..];

    private static ParallelAxis Categories(string name, IReadOnlyList<string> values)
    {
        var parsed = values
            .Select(value =>
                double.TryParse(value, CultureInfo.InvariantCulture, out var number) ? number : (double?)null
            )
            .ToList();
        if (parsed.TrueForAll(value => value is not null))
        {
            return Scale(name, parsed, values, Numbers.Plain);
        }

        List<string> kinds = [.. values.Distinct().Order(StringComparer.Ordinal)];
        double At(string value) => kinds.Count == 1 ? 0.5 : (double)kinds.IndexOf(value) / (kinds.Count - 1);
        var step = Math.Max(1, (int)Math.Ceiling(kinds.Count / (double)MostTicks));
        return new(
            name,
            [.. kinds.Where((_, i) => i % step == 0).Select(kind => (At(kind), kind.Length == 0 ? "–" : kind))],
            [.. values.Select(value => (double?)At(value))],
            [.. values.Select(value => value.Length == 0 ? "–" : value)]
        );
    }

    private static ParallelAxis Numeric(CompareRow row) =>
        Scale(
            row.Defense.Length == 0 ? row.Metric.ShortName : $"{row.Metric.ShortName}, {KindWords.Short(row.Defense)}",
            [.. row.Values.Select(value => value.Number?.Value)],
            [.. row.Values.Select(value => CompareView.Text(row.Metric, value))],
            value => Numbers.Format(row.Metric, value)
        );

    private static ParallelAxis Scale(
        string name,
        IReadOnlyList<double?> values,
        IReadOnlyList<string> texts,
        Func<double, string> words
    )
    {
        var known = values.OfType<double>().ToList();
        var (low, high) = (known.Min(), known.Max());
        double At(double value) => high > low ? (value - low) / (high - low) : 0.5;
        return new(
            name,
            high > low ? [(0, words(low)), (1, words(high))] : [(0.5, words(low))],
            [.. values.Select(value => value is { } number ? At(number) : (double?)null)],
            texts
        );
    }
}
