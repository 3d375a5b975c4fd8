using BackdoorLab.Data;
using BackdoorLab.Engine.Evaluation;

namespace BackdoorLab.Web.Features.Leaderboard;

/// <summary>A metric of the leaderboard.</summary>
/// <param name="Metric">What is shown.</param>
/// <param name="Victim">The model on which it is measured.</param>
/// <param name="Twin">What is read beside it on the benign twin, or null.</param>
public sealed record BoardMetric(Metric Metric, Victim Victim, Metric? Twin)
{
    /// <summary>
    /// Whether larger values are better for whoever defends; what has no good direction counts as cost.
    /// </summary>
    public bool HigherIsBetter => Metric.HigherIsBetter ?? false;

    /// <summary>Whether the value lies between 0 and 1.</summary>
    public bool IsShare => Metric.Unit is MetricUnit.Share or MetricUnit.YesNo;

    /// <summary>
    /// Whether repeats of one seed must agree: what the machine's clock and memory say differs each time.
    /// </summary>
    public bool IsRepeatable =>
        Metric.Unit is not (MetricUnit.Seconds or MetricUnit.Milliseconds or MetricUnit.Bytes)
        && Metric.Id != Metric.OverheadRatio.Id;

    /// <summary>"DER", or the whole name where the short form says too little.</summary>
    public string Choice =>
        Metric.ShortName.Length > 6 ? Metric.ShortName : $"{Metric.ShortName}: {Metric.Name.ToLowerInvariant()}";
}

/// <summary>The metrics a leaderboard offers, each with what the benign twin says of the same thing.</summary>
public static class BoardMetrics
{
    /// <summary>All of them, the usual ones first.</summary>
    public static IReadOnlyList<BoardMetric> All { get; } =
    [
        On(Metric.DetectionRate, Metric.FalsePositiveRate),
        new(Metric.FalsePositiveRate, Victim.Benign, null),
        On(Metric.SampleDetectionRate, Metric.SampleFalsePositiveRate),
        new(Metric.SampleFalsePositiveRate, Victim.Benign, null),
        On(Metric.AttackSuccessRate, Metric.AttackSuccessRate),
        On(Metric.AttackSuccessGain),
        On(Metric.CleanAccuracy, Metric.CleanAccuracy),
        On(Metric.RobustAccuracy, Metric.RobustAccuracy),
        On(Metric.DefenseEffectiveness),
        On(Metric.RobustnessImprovement),
        On(Metric.AttackSuccessDrop),
        On(Metric.AccuracyDrop, Metric.AccuracyDrop),
        On(Metric.SampleAuroc),
        On(Metric.SampleDetectionRateAtOnePercent),
        On(Metric.PositivePredictiveValue),
        On(Metric.F1),
        On(Metric.FilteredAttackSuccessRate),
        On(Metric.FilteredCleanAccuracy, Metric.FilteredCleanAccuracy),
        On(Metric.TargetLabelHit),
        On(Metric.OverheadSeconds, Metric.OverheadSeconds),
        On(Metric.OverheadRatio),
        On(Metric.MillisecondsPerInput),
        On(Metric.PeakMemory),
    ];

    /// <summary>The metric with this id, or the first.</summary>
    public static BoardMetric Find(string? id) => All.FirstOrDefault(choice => choice.Metric.Id == id) ?? All[0];

    private static BoardMetric On(Metric metric, Metric? twin = null) => new(metric, Victim.Backdoored, twin);
}
