namespace BackdoorLab.Engine.Tensors;

/// <summary>What a table shows of repeated values.</summary>
/// <param name="Count">How many.</param>
/// <param name="Mean">Arithmetic mean.</param>
/// <param name="StandardDeviation">Sample standard deviation (n - 1); null for a single value, which has none.</param>
/// <param name="Minimum">Smallest.</param>
/// <param name="Maximum">Largest.</param>
public sealed record Summary(int Count, double Mean, double? StandardDeviation, double Minimum, double Maximum)
{
    /// <summary>Summarises at least one value.</summary>
    public static Summary Of(ReadOnlySpan<double> values)
    {
        ArgumentOutOfRangeException.ThrowIfZero(values.Length);
        var (mean, squares, minimum, maximum) = (0.0, 0.0, values[0], values[0]);
        for (var i = 0; i < values.Length; i++)
        {
            // Welford's update: no cancellation when the mean is large beside the spread.
            var difference = values[i] - mean;
            mean += difference / (i + 1);
            squares += difference * (values[i] - mean);
            minimum = Math.Min(minimum, values[i]);
            maximum = Math.Max(maximum, values[i]);
        }

        double? deviation = values.Length == 1 ? null : Math.Sqrt(squares / (values.Length - 1));
        return new Summary(values.Length, mean, deviation, minimum, maximum);
    }
}
