namespace BackdoorLab.Data.Queries;

/// <summary>
/// A number over seeds: the one way in which numbers are counted and averaged. n counts seeds of a condition. Repeats
/// of one seed are one observation, their mean; where they disagree, which equal specs on equal machines do not, the
/// seed is counted as disagreeing and no repeat is preferred.
/// </summary>
/// <param name="N">Number of seeds; where conditions are pooled, of seeds of a condition.</param>
/// <param name="Mean">Mean over seeds.</param>
/// <param name="StandardDeviation">Sample standard deviation (n - 1), or null for a single seed.</param>
/// <param name="Minimum">Smallest value of a run.</param>
/// <param name="Maximum">Largest value of a run.</param>
/// <param name="Disagreeing">Number of seeds whose repeats have different values.</param>
public sealed record SeedStat(
    int N,
    double Mean,
    double? StandardDeviation,
    double Minimum,
    double Maximum,
    int Disagreeing
)
{
    /// <summary>The statistic of some values, or null without any.</summary>
    /// <param name="values">One for each run.</param>
    /// <param name="repeatable">Whether repeats must agree; times and memory need not.</param>
    internal static SeedStat? Of(IEnumerable<SeedValue> values, bool repeatable = true)
    {
        var seeds = values
            .GroupBy(value => (value.Condition, value.Seed))
            .Select(seed =>
                (
                    Mean: seed.Average(run => run.Value),
                    Minimum: seed.Min(run => run.Value),
                    Maximum: seed.Max(run => run.Value)
                )
            )
            .ToList();
        if (seeds.Count == 0)
        {
            return null;
        }

        // Two passes lose no digits.
        var mean = seeds.Average(seed => seed.Mean);
        return new(
            seeds.Count,
            mean,
            seeds.Count < 2
                ? null
                : Math.Sqrt(seeds.Sum(seed => (seed.Mean - mean) * (seed.Mean - mean)) / (seeds.Count - 1)),
            seeds.Min(seed => seed.Minimum),
            seeds.Max(seed => seed.Maximum),
            repeatable ? seeds.Count(seed => seed.Maximum > seed.Minimum) : 0
        );
    }
}

/// <summary>A run's number.</summary>
/// <param name="Condition">Key of its condition.</param>
/// <param name="Seed">Seed.</param>
/// <param name="Value">The number.</param>
internal readonly record struct SeedValue(string Condition, long Seed, double Value);
