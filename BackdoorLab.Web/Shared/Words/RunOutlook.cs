using BackdoorLab.Data;
using BackdoorLab.Web.Jobs;

namespace BackdoorLab.Web.Shared.Words;

/// <summary>Where a run stands: the feed's last word when there is one, else the stored one.</summary>
/// <param name="Fraction">0..1.</param>
/// <param name="Phase">What it is doing.</param>
/// <param name="Steps">"12 of 40 batches", or empty.</param>
/// <param name="EtaSeconds">Estimated seconds to its end from now, or null.</param>
/// <param name="SilentSeconds">Seconds without news when that is worrying, else null.</param>
public sealed record RunOutlook(double Fraction, string Phase, string Steps, double? EtaSeconds, double? SilentSeconds)
{
    private const double WorryingSilence = 90;

    /// <summary>Of a run, as of <paramref name="now"/>.</summary>
    public static RunOutlook Of(RunItem run, LiveProgress? live, DateTime now)
    {
        var (fraction, phase, eta, at) = live is null
            ? (run.Fraction, run.Phase, run.EtaSeconds, run.Heartbeat ?? now)
            : (live.RunFraction, live.Phase, live.EtaSeconds, live.At);
        var age = Math.Max(0, (now - (run.Heartbeat > at ? run.Heartbeat.Value : at)).TotalSeconds);
        var steps = live is { Total: > 0 }
            ? $"{Numbers.Plain(live.Done)} of {Numbers.Plain(live.Total)} {live.Unit}"
            : "";
        return new(
            Math.Clamp(fraction, 0, 1),
            phase,
            steps,
            eta is { } seconds ? Math.Max(0, seconds - (now - at).TotalSeconds) : null,
            RunWords.IsActive(run.State) && age > WorryingSilence ? age : null
        );
    }

    /// <summary>"about 4 min left", "no news for 2 min", or empty.</summary>
    public string Outlook =>
        SilentSeconds is { } silent ? $"no news for {TimeWords.Duration(silent)}"
        : EtaSeconds is { } eta ? $"{TimeWords.Estimate(eta)} left"
        : "";
}
