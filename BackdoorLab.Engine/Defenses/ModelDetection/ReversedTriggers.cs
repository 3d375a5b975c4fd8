using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// The reversed triggers of all classes, however they were found, and what Neural Cleanse's rule says of them.
/// </summary>
/// <param name="Triggers">One for each class.</param>
/// <param name="Norms">Their norms at equal effort.</param>
/// <param name="Finalists">Which classes had the whole schedule.</param>
internal sealed record ReversedTriggers(ReversedTrigger[] Triggers, double[] Norms, bool[] Finalists)
{
    private const int MostPictures = 64;

    /// <summary>
    /// Whether they were reversed on the differentiable twin, so that success there is another number than on the
    /// deployed model.
    /// </summary>
    internal required bool OnTwin { get; init; }

    /// <summary>What the search cost, a row in the results.</summary>
    internal required DefenseNumber Spent { get; init; }

    /// <summary>How long the search was meant to be.</summary>
    internal required InversionEffort Effort { get; init; }

    /// <summary>What must be said about the search.</summary>
    internal IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Tries the triggers on the deployed model and compares their norms.</summary>
    internal ModelVerdict Judge(NormRule rule, DeployedClassifier model, ImageSet images, RunContext run)
    {
        var reached = Array.ConvertAll(Triggers, trigger => trigger.Reached);
        var eligible = Enumerable.Range(0, Norms.Length).Select(label => reached[label] && Finalists[label]).ToArray();
        var deployed = Enumerable
            .Range(0, Norms.Length)
            .Select(label =>
                Finalists[label] ? StampedSuccess.Measure(model, images, Triggers[label], label, run) : null
            )
            .ToArray();
        var outliers = NormOutliers.Of(Norms, eligible);
        var decisive = rule == NormRule.Paper ? outliers.Indices : outliers.LogIndices;
        var flagged = Enumerable
            .Range(0, Norms.Length)
            .Where(label => decisive[label] > NormOutliers.Cut && eligible[label])
            .OrderBy(label => Norms[label])
            .ToArray();
        var top = outliers.Smallest;
        var without = reached.Count(found => !found);
        return new ModelVerdict
        {
            Verdict = Array.Exists(eligible, works => works)
                ? outliers.Verdict(flagged.Length > 0, rule)
                : Verdict.NotDecidable(
                    UndecidedReason.NoWorkingTrigger,
                    ("classes", Norms.Length),
                    (InversionNumbers.ClassesWithoutTrigger.Id, without)
                ),
            Score = decisive[top],
            Threshold = NormOutliers.Cut,
            SuspectedLabels = flagged,
            TopLabel = top,
            Numbers = Numbers(outliers, without, deployed[top]),
            Figures = InversionFigures.Of(this, deployed, outliers, images, MostPictures),
            Note = string.Join(' ', [.. RuleNotes(rule, without), .. Notes]),
        };
    }

    private List<DefenseNumber> Numbers(NormOutliers outliers, int without, double? deployed)
    {
        var top = outliers.Smallest;
        List<DefenseNumber> numbers =
        [
            new(InversionNumbers.AnomalyIndex, outliers.Indices[top]),
            new(InversionNumbers.IndexCeiling, outliers.Ceiling),
            new(InversionNumbers.LogAnomalyIndex, outliers.LogIndices[top]),
            new(InversionNumbers.SmallestNorm, Norms[top]),
            new(InversionNumbers.MedianNorm, outliers.Median),
            new(InversionNumbers.NormRatio, Norms[top] / Math.Max(outliers.Median, 1e-6)),
        ];
        if (OnTwin)
        {
            numbers.Add(new(InversionNumbers.SuccessTwin, Triggers[top].Success));
        }

        numbers.Add(new(InversionNumbers.ClassesWithoutTrigger, without));
        numbers.Add(new(InversionNumbers.ClassesStoppedEarly, Finalists.Count(final => !final)));
        numbers.Add(Spent);
        numbers.AddRange(Effort.Numbers());
        if (deployed is { } success)
        {
            numbers.Add(new(InversionNumbers.SuccessDeployed, success));
        }

        return numbers;
    }

    private IEnumerable<string> RuleNotes(NormRule rule, int without)
    {
        if (rule == NormRule.LogNorm)
        {
            yield return "Decided by the log-norm index, which is not the paper's.";
        }

        if (without > 0)
        {
            yield return $"{without} of {Norms.Length} classes found no trigger that reaches the success threshold on the whole holdout within the schedule; their norms are those of the last attempt.";
        }
    }
}
