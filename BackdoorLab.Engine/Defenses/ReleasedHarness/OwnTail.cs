using BackdoorLab.Engine.Statistics;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// The share of a sample that lies beyond a quantile of the same sample: fixed by the sample's size, whatever was
/// measured. Two of the released harness's rules compare it with a tenth.
/// </summary>
internal static class OwnTail
{
    /// <summary>What both rules ask for.</summary>
    internal const double Cut = 0.1;

    private const double Tail = 0.05;

    /// <summary>Share strictly below the 5th percentile.</summary>
    internal static double Below(double[] values)
    {
        var edge = Quantiles.At(values, Tail);
        return (double)values.Count(value => value < edge) / values.Length;
    }

    /// <summary>Share strictly above the 95th percentile.</summary>
    internal static double Above(double[] values)
    {
        var edge = Quantiles.At(values, 1 - Tail);
        return (double)values.Count(value => value > edge) / values.Length;
    }

    /// <summary>
    /// The most that <see cref="Below"/> and <see cref="Above"/> can be for a sample of <paramref name="count"/>.
    /// </summary>
    internal static double Most(int count) => Math.Ceiling(Tail * (count - 1) - 1e-9) / count;

    /// <summary>Says so where a sample of <paramref name="count"/> cannot exceed the cut.</summary>
    /// <param name="count">Size of the sample.</param>
    /// <param name="what">What is counted: "entropies".</param>
    /// <param name="beyond">Where: "below the 5th percentile".</param>
    /// <param name="then">What follows: "it cannot fire on any model".</param>
    internal static string Impossible(int count, string what, string beyond, string then) =>
        Most(count) > Cut
            ? ""
            : FormattableString.Invariant(
                $"By construction at most {Most(count):P1} of {count} {what} lie {beyond} of these same {what}, and the rule asks for more than {Cut:P0}: {then}."
            );

    /// <summary>
    /// What a rule that has only this share says: nothing where a sample of <paramref name="count"/> cannot exceed the
    /// cut.
    /// </summary>
    /// <param name="share">The share found.</param>
    /// <param name="count">Size of the sample.</param>
    internal static Verdict Verdict(double share, int count) =>
        Most(count) > Cut
            ? Results.Verdict.Of(share > Cut, ("detector-score", share), ("detector-threshold", Cut))
            : Results.Verdict.NotDecidable(
                UndecidedReason.CannotFire,
                ("largest-score", Most(count)),
                ("detector-threshold", Cut),
                ("sample-size", count)
            );

    /// <summary>The sample in rising order, as a curve.</summary>
    internal static LineFigure Sorted(string title, string what, double[] values) =>
        new(
            title,
            "rank",
            what,
            [new Series(what, [.. Enumerable.Range(0, values.Length).Select(i => (double)i)], [.. values.Order()])]
        );
}
