using System.Globalization;

namespace BackdoorLab.Web.Services;

/// <summary>A metric in words.</summary>
/// <param name="Id">As in the results.</param>
/// <param name="Name">On screen.</param>
/// <param name="Short">Where space is short.</param>
/// <param name="Definition">One sentence.</param>
/// <param name="IsShare">0..1, shown as percent.</param>
/// <param name="HighIsBad">Whether a high number is what a defender fears.</param>
public sealed record MetricWord(string Id, string Name, string Short, string Definition, bool IsShare = true, bool HighIsBad = false);

/// <summary>Names, definitions and number formats of metrics.</summary>
public static class MetricWords
{
    public const string CleanAccuracy = "clean-accuracy";
    public const string AttackSuccessRate = "attack-success-rate";
    public const string DetectionRate = "detection-rate";
    public const string FalsePositiveRate = "false-positive-rate";

    private static readonly MetricWord[] Known =
    [
        new(CleanAccuracy, "Clean accuracy", "CA", "Accuracy on the clean test images."),
        new(AttackSuccessRate, "Attack success rate", "ASR", "Triggered test images whose true label is not the target and that are classified as the attack wants.", HighIsBad: true),
        new("attack-success-rate-all", "ASR with target class", "ASR (all)", "As the attack success rate, but counting images that already belong to the target class.", HighIsBad: true),
        new("robust-accuracy", "Robust accuracy", "RA", "The same triggered images, classified as their true label."),
        new(DetectionRate, "Detection rate", "TPR", "Backdoored models (or poisoned samples) that are flagged, of all that are backdoored. Always read it beside the false-positive rate."),
        new("true-positive-rate", "True-positive rate", "TPR", "Poisoned samples or inputs that are flagged, of all that are poisoned."),
        new(FalsePositiveRate, "False-positive rate", "FPR", "Clean models, samples or inputs that are flagged, of all that are clean.", HighIsBad: true),
        new("auroc", "AUROC", "AUROC", "Chance that a poisoned sample scores higher than a clean one: 0.5 is guessing, 1 is perfect.", IsShare: false),
        new("positive-predictive-value", "Positive predictive value", "PPV", "Flagged samples that really are poisoned, of all flagged."),
        new("defense-effectiveness", "Defense effectiveness rating", "DER", "(max(0, drop of ASR) - max(0, drop of CA) + 1) / 2: 0.5 is no effect, 1 is perfect.", IsShare: false),
        new("flagged", "Flagged", "flagged", "1 when the paper's rule calls the model backdoored.", IsShare: false),
        new("target-label-hit", "Target label found", "target hit", "1 when the most suspicious label is the true target.", IsShare: false),
        new("anomaly-index", "Anomaly index", "index", "Deviation of the smallest trigger norm from the median in units of the median absolute deviation; the paper flags above 2.", IsShare: false),
    ];

    /// <summary>The metrics worth explaining in the help.</summary>
    public static IReadOnlyList<MetricWord> Shown { get; } = Known[..10];

    /// <summary>Metrics the overview can switch between.</summary>
    public static IReadOnlyList<MetricWord> Switchable { get; } =
        [.. new[] { DetectionRate, AttackSuccessRate, CleanAccuracy, FalsePositiveRate }.Select(For)];

    /// <summary>Words for a metric; for an unknown one its id is spelt out.</summary>
    public static MetricWord For(string id) =>
        Known.FirstOrDefault(metric => metric.Id == id)
        ?? new(id, Sentence(id), Sentence(id), "", IsShare: id.EndsWith("-rate", StringComparison.Ordinal) || id.EndsWith("-accuracy", StringComparison.Ordinal) || id.EndsWith("-share", StringComparison.Ordinal));

    /// <summary>A value for people. Shares keep one decimal, so that 0.04 % does not look like zero: it reads "&lt;0.1%".</summary>
    public static string Format(string id, double value) => For(id).IsShare ? Percent(value) : Plain(value);

    /// <summary>A share as percent.</summary>
    public static string Percent(double share) => share switch
    {
        > 0 and < 0.0005 => "<0.1%",
        < 1 and > 0.9995 => ">99.9%",
        _ => (share * 100).ToString(share is 0 or 1 ? "0" : "0.0", CultureInfo.InvariantCulture) + "%",
    };

    /// <summary>A number of sensible length.</summary>
    public static string Plain(double value) => Math.Abs(value) switch
    {
        0 => "0",
        < 0.001 or >= 1e6 => value.ToString("0.##e0", CultureInfo.InvariantCulture),
        < 10 => value.ToString("0.###", CultureInfo.InvariantCulture),
        < 1000 => value.ToString("0.#", CultureInfo.InvariantCulture),
        _ => value.ToString("#,0", CultureInfo.InvariantCulture),
    };

    private static string Sentence(string id) => id.Length == 0 ? id : char.ToUpperInvariant(id[0]) + id[1..].Replace('-', ' ');
}
