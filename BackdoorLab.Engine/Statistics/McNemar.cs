using MathNet.Numerics.Distributions;

namespace BackdoorLab.Engine.Statistics;

/// <summary>
/// McNemar's test on paired yes/no observations (McNemar, Psychometrika 1947), in its exact binomial form.
/// </summary>
public static class McNemar
{
    /// <summary>
    /// Two-sided probability of a split at least as uneven as the one seen when both directions are equally likely:
    /// pairs that agree say nothing. 1 when no pair disagrees.
    /// </summary>
    /// <param name="onlyFirst">Pairs with yes before and no after.</param>
    /// <param name="onlySecond">Pairs with no before and yes after.</param>
    public static double Exact(int onlyFirst, int onlySecond)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(onlyFirst);
        ArgumentOutOfRangeException.ThrowIfNegative(onlySecond);
        var (few, many) = (Math.Min(onlyFirst, onlySecond), Math.Max(onlyFirst, onlySecond));
        return many == 0 ? 1 : Math.Min(1, 2 * Binomial.CDF(0.5, few + many, few));
    }
}
