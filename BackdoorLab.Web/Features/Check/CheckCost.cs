using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Jobs;

namespace BackdoorLab.Web.Features.Check;

/// <summary>How long a check takes.</summary>
/// <param name="Seconds">By detector, alone; empty while model or data set is open.</param>
/// <param name="All">With all that were chosen.</param>
/// <param name="Measured">Whether that rests on a measurement of this machine.</param>
public sealed record CheckCost(IReadOnlyDictionary<string, double> Seconds, double All, bool Measured)
{
    /// <summary>Nothing is known yet.</summary>
    public static CheckCost Unknown { get; } = new(new Dictionary<string, double>(), 0, false);

    /// <summary>Estimates.</summary>
    /// <param name="speed">What this machine is known for.</param>
    /// <param name="shape">What is known of the data set.</param>
    /// <param name="check">The check by some detectors; null while it cannot be made.</param>
    /// <param name="chosen">The check as it stands.</param>
    public static CheckCost Of(
        SpeedProbe speed,
        DatasetShape? shape,
        Func<IReadOnlyList<MethodDescriptor>, ExperimentSpec?> check,
        ExperimentSpec? chosen
    )
    {
        var seconds = CheckWords
            .Detectors.Select(detector => (detector.Id, Spec: check([detector])))
            .Where(pair => pair.Spec is not null)
            .ToDictionary(pair => pair.Id, pair => speed.Estimate(pair.Spec!, shape).Seconds);
        var (all, measured) = chosen is null ? (0, false) : speed.Estimate(chosen, shape);
        return new(seconds, all, measured);
    }
}
