using System.Globalization;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Web.Features.RunForm;

/// <summary>
/// Where a slider helps: it maps slider positions 0..<see cref="Steps"/> to values, evenly or by factors.
/// </summary>
public sealed class NumberScale
{
    private readonly double _low;
    private readonly double _high;
    private readonly bool _whole;
    private readonly bool _factors;

    private NumberScale(double low, double high, bool whole, bool factors, int steps) =>
        (_low, _high, _whole, _factors, Steps) = (low, high, whole, factors, steps);

    /// <summary>Positions of the slider.</summary>
    public int Steps { get; }

    /// <summary>
    /// The scale of a parameter, or null where a slider would be useless (no bounds, or a range too wide to hit a
    /// value).
    /// </summary>
    public static NumberScale? For(ParameterDescriptor parameter)
    {
        if (parameter is not { Minimum: { } low, Maximum: { } high } || high <= low)
        {
            return null;
        }

        if (parameter.Kind == ParameterKind.Integer)
        {
            return high - low <= 1000 ? new(low, high, true, false, (int)(high - low)) : null;
        }

        if (parameter.Kind != ParameterKind.Number)
        {
            return null;
        }

        return low > 0 && high / low >= 500 ? new(low, high, false, true, 120)
            : high - low <= 1000 ? new(low, high, false, false, 100)
            : null;
    }

    /// <summary>The value at a slider position, rounded to what a person would type.</summary>
    public double Value(int position)
    {
        var share = Math.Clamp(position, 0, Steps) / (double)Steps;
        if (_whole)
        {
            return Math.Round(_low + (share * (_high - _low)));
        }

        var value = _factors ? _low * Math.Pow(_high / _low, share) : _low + (share * (_high - _low));
        return double.Parse(
            value.ToString(_factors ? "G2" : "G4", CultureInfo.InvariantCulture),
            CultureInfo.InvariantCulture
        );
    }

    /// <summary>The slider position closest to a value.</summary>
    public int Position(double value)
    {
        var share = _factors
            ? Math.Log(Math.Max(value, _low) / _low) / Math.Log(_high / _low)
            : (value - _low) / (_high - _low);
        return (int)Math.Round(Math.Clamp(share, 0, 1) * Steps);
    }
}
