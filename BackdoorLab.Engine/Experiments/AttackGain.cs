using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Statistics;

namespace BackdoorLab.Engine.Experiments;

/// <summary>
/// What of an attack's success needs the backdoor: the backdoored model's less the benign twin's, in the same cell. No
/// part of a cell's own result, which knows nothing of the other model; added once both are there.
/// </summary>
internal static class AttackGain
{
    /// <summary>
    /// The backdoored model's cell with its gain; null where one of the two has no attack success rate.
    /// </summary>
    internal static CellResult? Added(CellResult backdoored, CellResult twin)
    {
        if (Success(backdoored) is not { } with || Success(twin) is not { } without)
        {
            return null;
        }

        Interval? interval =
            with is { Low: { } low, High: { } high } && without is { Low: { } twinLow, High: { } twinHigh }
                ? Intervals.Difference(with.Value, new(low, high), without.Value, new(twinLow, twinHigh))
                : null;
        return backdoored with
        {
            Measurements =
            [
                .. backdoored.Measurements.Where(row => row.Metric != Metric.AttackSuccessGain.Id),
                new(Metric.AttackSuccessGain.Id, with.Value - without.Value, with.Count, interval?.Low, interval?.High),
            ],
        };
    }

    private static Measurement? Success(CellResult cell) =>
        cell.Outcome == Outcome.Value
            ? cell.Measurements.FirstOrDefault(row => row.Metric == Metric.AttackSuccessRate.Id)
            : null;
}
