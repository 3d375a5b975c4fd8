using System.Globalization;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Quantization;

namespace BackdoorLab.Engine.Studies;

/// <summary>
/// What papers claim, beside what a study measured. The claims are those of the abstract of Pandey and Ye,
/// "Quantization Blindspots", arXiv 2512.06243, and of a figure published with its code; each is looked up at the cells
/// that the released code would have made. The sentence that says why is put together from recorded facts: shares,
/// gradients, counts, why a rule could not decide.
/// </summary>
public static class PublishedClaims
{
    /// <summary>Id of the study of detectors under quantization.</summary>
    public const string QuantizationBlindspots = "quantization-blindspots";

    private const string NeuralCleanse = "neural-cleanse";

    private static readonly string Full = MethodCatalog.Default.Label(new Float32());
    private static readonly string Int8 = MethodCatalog.Default.Label(new Int8Dynamic());
    private static readonly string Int4 = MethodCatalog.Default.Label(new Int4MinMax());
    private static readonly string Gtsrb = MethodCatalog.Default.For(new Gtsrb()).Id;
    private static readonly string Cifar10 = MethodCatalog.Default.For(new Cifar10()).Id;

    /// <summary>The claims of a paper for the settings of a study; empty when the study names none.</summary>
    public static IReadOnlyList<StudyFinding> Compare(string paper, IReadOnlyList<StudySetting> settings) =>
        paper switch
        {
            QuantizationBlindspots => [.. settings.SelectMany(Blindspots)],
            PublishedLockdown.Paper => [.. settings.SelectMany(PublishedLockdown.Compare)],
            _ => [],
        };

    /// <summary>Papers that a study can name.</summary>
    public static IReadOnlyList<string> Papers { get; } = [QuantizationBlindspots, PublishedLockdown.Paper];

    private static IEnumerable<StudyFinding> Blindspots(StudySetting setting)
    {
        foreach (var cell in setting.Cells.Where(cell => cell.ReleasedVariantOf is not null && cell.Precision == Int8))
        {
            yield return Detection(
                setting,
                cell,
                $"INT8 reduces the detection rate of {Name(cell.ReleasedVariantOf!)} to 0 %.",
                0
            );
        }

        if (
            setting.Cells.FirstOrDefault(cell => cell.ReleasedVariantOf == NeuralCleanse && cell.Precision == Int4) is
            { } inversion
        )
        {
            if (Is(setting, Gtsrb))
            {
                yield return Detection(setting, inversion, "At INT4 Neural Cleanse still works on GTSRB.", 1);
            }
            else if (Is(setting, Cifar10))
            {
                yield return Detection(setting, inversion, "At INT4 Neural Cleanse fails on CIFAR-10.", 0);
            }
        }

        foreach (
            var (precision, claim, published) in new[]
            {
                (Int8, "Attack success stays above 99 % at INT8.", 0.99),
                (Int4, "Attack success stays above 90 % at INT4.", 0.9),
            }
        )
        {
            if (setting.Find(precision, null) is { } undefended)
            {
                yield return new(
                    claim,
                    setting.Title,
                    precision,
                    null,
                    Metric.AttackSuccessRate.Id,
                    published,
                    undefended.Values.GetValueOrDefault(Metric.AttackSuccessRate.Id),
                    undefended.Count(Victim.Backdoored) == 0
                        ? ""
                        : Sentence(Share(undefended), Accuracy(undefended), BaseRate(undefended))
                );
            }
        }
    }

    // The released code counts what it could not run as a miss.
    private static StudyFinding Detection(StudySetting setting, StudyCell cell, string claim, double published) =>
        new(
            claim,
            setting.Title,
            cell.Precision,
            cell.Defense,
            Metric.DetectionRate.Id,
            published,
            cell.Counted(Metric.DetectionRate.Id),
            cell.Count(Victim.Backdoored) == 0
                ? ""
                : Sentence(
                    Undecided(cell),
                    Share(setting.Find(cell.Precision, null)),
                    Alarms("the released rule", cell),
                    AtFull(setting, cell),
                    Method(setting, cell)
                )
        );

    private static string Share(StudyCell? undefended) =>
        undefended?.Values.GetValueOrDefault(Metric.MultiplyAddShare.Id) is { } share
            ? $"{Percent(share.Value)} of the multiply-adds run at this precision"
            : "";

    private static string Accuracy(StudyCell undefended) =>
        undefended.Changes.GetValueOrDefault(Metric.CleanAccuracy.Id) is { } change
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"clean accuracy changes by {100 * change.Difference.Value:+0.0;-0.0;0.0} points from FP32"
            )
            : "";

    private static string BaseRate(StudyCell undefended) =>
        undefended.Values.GetValueOrDefault(Metric.BenignAttackSuccessRate.Id) is { } twin
            ? $"a model without backdoor sends {Percent(twin.Value)} of the triggered images there"
            : "";

    private static string AtFull(StudySetting setting, StudyCell cell) =>
        setting.Find(Full, cell.Defense) is { } full && cell.Precision != Full
            ? Alarms("at FP32 the same rule", full)
            : "";

    private static string Method(StudySetting setting, StudyCell cell)
    {
        var own = setting.Cells.FirstOrDefault(other =>
            other.Precision == cell.Precision
            && other.ReleasedVariantOf is null
            && other.Defense is { } label
            && MethodLabel.Of(label).Id == cell.ReleasedVariantOf
        );
        return own is null
            ? ""
            : own.Role switch
            {
                StudyRole.Models => Alarms($"{Name(cell.ReleasedVariantOf!)} itself{Schedule(own)}", own),
                StudyRole.Repair when own.Values.GetValueOrDefault(Metric.AttackSuccessRate.Id) is { } after =>
                    $"{Name(cell.ReleasedVariantOf!)} is a repair: it leaves an attack success of {Percent(after.Value)}",
                _ when own.Values.GetValueOrDefault(Metric.SampleDetectionRate.Id) is { } found =>
                    $"{Name(cell.ReleasedVariantOf!)} itself finds {Percent(found.Value)} of the {(own.Role == StudyRole.Inputs ? "triggered inputs" : "poisoned samples")}",
                _ => "",
            };
    }

    private static string Schedule(StudyCell cell) =>
        cell.Values.GetValueOrDefault(InversionNumbers.ScheduleShare.Id) is { } share
            ? $", with {Percent(share.Value)} of the reference schedule,"
            : "";

    private static string Alarms(string who, StudyCell cell)
    {
        var (found, twins) = (cell.Counted(Metric.DetectionRate.Id), cell.Counted(Metric.FalsePositiveRate.Id));
        var undecided = cell.Undecided(Victim.Backdoored).Count() + cell.Undecided(Victim.Benign).Count();
        var apart = undecided > 0 && cell.ReleasedVariantOf is null ? $" and cannot decide on {undecided}" : "";
        return found is null
            ? apart.Length > 0
                ? $"{who} cannot decide on any of {undecided} models"
                : ""
            : $"{who} flags {Of(found)} backdoored"
                + (twins is null ? "" : $" and {Of(twins)} benign")
                + $" models{apart}";
    }

    // Why most models have no verdict, and that the released code counts them all the same.
    private static string Undecided(StudyCell cell)
    {
        StudyOutcome[] silent = [.. cell.Undecided(Victim.Backdoored), .. cell.Undecided(Victim.Benign)];
        var most = silent.GroupBy(model => model.Verdict!.Reason).MaxBy(group => group.Count());
        return most is null
            ? ""
            : $"on {silent.Length} of {cell.Count(Victim.Backdoored) + cell.Count(Victim.Benign)} models the rule cannot decide, which the released code counts as not flagged: "
                + VerdictWords.Because(most.Key!.Value, most.First().Verdict!.Figures);
    }

    private static string Of(StudyValue share) => $"{Math.Round(share.Value * share.N):0} of {share.N}";

    private static string Percent(double value) => string.Create(CultureInfo.InvariantCulture, $"{100 * value:0.##} %");

    /// <summary>One sentence of all facts that are known.</summary>
    private static string Sentence(params IEnumerable<string> facts)
    {
        var told = string.Join("; ", facts.Where(fact => fact.Length > 0));
        return told.Length == 0 ? "" : char.ToUpperInvariant(told[0]) + told[1..] + ".";
    }

    /// <summary>The name of the method behind an id or a label.</summary>
    internal static string Name(string label) => MethodCatalog.Default.OfLabel(label)?.Name ?? label;

    private static bool Is(StudySetting setting, string dataset) => MethodLabel.Of(setting.Dataset).Id == dataset;
}
