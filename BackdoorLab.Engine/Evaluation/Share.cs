using BackdoorLab.Engine.Statistics;

namespace BackdoorLab.Engine.Evaluation;

/// <summary>A counted share: it keeps its count, so that its interval can be told.</summary>
/// <param name="Hits">How many have the property.</param>
/// <param name="Count">How many were looked at; a share of nothing is not defined.</param>
public readonly record struct Share(int Hits, int Count)
{
    /// <summary>Whether anything was looked at.</summary>
    public bool IsDefined => Count > 0;

    /// <summary>Hits / count.</summary>
    /// <exception cref="InvalidOperationException">Nothing was looked at.</exception>
    public double Value =>
        IsDefined ? (double)Hits / Count : throw new InvalidOperationException("A share of nothing has no value.");

    /// <summary>The value, or null where nothing was looked at.</summary>
    public double? ValueOrNull => IsDefined ? Value : null;

    /// <summary>The exact 95 % interval.</summary>
    public Interval Interval => Intervals.ClopperPearson(Hits, Count);

    /// <summary>The share as a row of the results.</summary>
    public Measurement As(Metric metric)
    {
        var interval = Interval;
        return new Measurement(metric.Id, Value, Count, interval.Low, interval.High);
    }

    /// <summary>
    /// Of the positions where <paramref name="counted"/> holds, those where <paramref name="hit"/> holds.
    /// </summary>
    internal static Share Of(int length, Func<int, bool> counted, Func<int, bool> hit)
    {
        var (hits, count) = (0, 0);
        for (var i = 0; i < length; i++)
        {
            if (counted(i))
            {
                count++;
                hits += hit(i) ? 1 : 0;
            }
        }

        return new Share(hits, count);
    }
}
