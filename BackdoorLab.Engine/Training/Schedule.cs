namespace BackdoorLab.Engine.Training;

/// <summary>Learning rate as a function of the step; see <see cref="ScheduleKind"/>.</summary>
public static class Schedule
{
    private const double WarmUpShare = 0.25;
    private const double PeakShare = 0.23;
    private const double FirstShare = 0.2;
    private const double LastShare = 0.07;

    /// <summary>The rate of step <paramref name="step"/> (from 0) of <paramref name="steps"/>.</summary>
    public static double Rate(ScheduleKind kind, double peak, long step, long steps)
    {
        var position = steps <= 1 ? 0 : (double)step / steps;
        return kind switch
        {
            ScheduleKind.OneCycle => peak
                * (
                    position < WarmUpShare
                        ? (step + 1) / Math.Max(1, Math.Ceiling(WarmUpShare * steps))
                        : Fall((position - WarmUpShare) / (1 - WarmUpShare))
                ),
            ScheduleKind.Cosine => peak * Fall(position),
            ScheduleKind.MultiStep => peak
                * (
                    position < 0.5 ? 1
                    : position < 0.75 ? 0.1
                    : 0.01
                ),
            ScheduleKind.Constant => peak,
            ScheduleKind.Triangular => peak * Triangle(step, Math.Max(1, Math.Floor(PeakShare * steps)), steps),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
        };
    }

    private static double Triangle(long step, double top, long steps) =>
        step < top
            ? FirstShare + (1 - FirstShare) * step / top
            : 1 - (1 - LastShare) * (step - top) / Math.Max(1, steps - top);

    private static double Fall(double position) => (1 + Math.Cos(Math.PI * position)) / 2;
}
