namespace BackdoorLab.Data;

/// <summary>Mean and spread of some values.</summary>
/// <param name="N">How many.</param>
/// <param name="Mean">Their mean, or null when there is none.</param>
/// <param name="StandardDeviation">Sample standard deviation (n - 1), or null when there are fewer than two.</param>
public sealed record Spread(int N, double? Mean, double? StandardDeviation)
{
    /// <summary>Of the values themselves: two passes lose no digits.</summary>
    internal static Spread Of(IReadOnlyCollection<double> values)
    {
        if (values.Count == 0)
        {
            return new(0, null, null);
        }

        var mean = values.Average();
        return new(values.Count, mean, values.Count < 2 ? null : Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1)));
    }

    /// <summary>Of sums, as a database makes them. Shares in 0..1 lose no digit that matters to the difference of squares.</summary>
    internal static Spread Of(int n, double sum, double squares) => new(
        n,
        n == 0 ? null : sum / n,
        n < 2 ? null : Math.Sqrt(Math.Max(0, (squares - (sum * sum / n)) / (n - 1))));
}
