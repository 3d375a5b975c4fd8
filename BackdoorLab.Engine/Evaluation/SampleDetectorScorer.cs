using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Statistics;

namespace BackdoorLab.Engine.Evaluation;

/// <summary>
/// Scores a verdict about training samples, and about the model where the method judges it. On the benign twin
/// everything flagged is a false positive.
/// </summary>
public static class SampleDetectorScorer
{
    /// <summary>Compares scores and flags with the poison mask; <paramref name="random"/> thins the scatter.</summary>
    /// <exception cref="InvalidOperationException">The detector did not score every sample, or a score is not a
    /// number.</exception>
    public static Scored Score(SampleVerdict verdict, BackdoorTruth truth, Random random)
    {
        if (truth is { IsBackdoored: true, PoisonMask: null })
        {
            throw new ArgumentException("Samples of a backdoored model need the poison mask.", nameof(truth));
        }

        var count = truth.PoisonMask?.Length ?? verdict.Scores.Length;
        RequireScores(verdict.Scores, count);
        if (verdict.Flagged.Length != count)
        {
            throw new InvalidOperationException($"The detector flagged {verdict.Flagged.Length} of {count} samples.");
        }

        var poisoned = truth.Known ? truth.PoisonMask! : new bool[count];
        var metrics = DetectionMetrics.Of(verdict.Flagged, poisoned);
        var sheet = new ScoreSheet();
        if (verdict.Verdict is { } ofModel)
        {
            sheet.Judge(ofModel, truth, verdict.SuspectedLabels, verdict.TopLabel);
        }

        if (metrics.DetectionRate.IsDefined)
        {
            AddDetection(sheet, metrics, verdict.Scores, poisoned);
            AddCeiling(sheet, verdict, poisoned);
        }

        sheet.Add(Metric.SampleFalsePositiveRate, metrics.FalsePositiveRate);
        sheet.Add(Metric.FlaggedShare, metrics.FlaggedShare);
        TargetLabelScore.AddTo(sheet, truth, verdict.SuspectedLabels, verdict.TopLabel);
        sheet.Report(verdict.Numbers);
        sheet.Note(verdict.Note);
        foreach (var figure in verdict.Figures)
        {
            sheet.Figure(figure);
        }

        var (clean, bad) = RocCurve.Split(verdict.Scores, poisoned);
        sheet.Figure(
            ScoreFigures.Histogram(
                "Scores of training samples",
                verdict.ScoreName,
                [("clean", clean), ("poisoned", bad)]
            )
        );
        if (verdict.Projection is { } plane)
        {
            sheet.Figure(ScoreFigures.Scatter(PlaneTitle(verdict), plane, poisoned, random));
        }

        return sheet.ToScored();
    }

    internal static void RequireScores(double[] scores, int count)
    {
        if (scores.Length != count)
        {
            throw new InvalidOperationException($"The defense scored {scores.Length} of {count} images.");
        }

        var missing = scores.Count(double.IsNaN);
        if (missing > 0)
        {
            throw new InvalidOperationException($"{missing} of {count} scores are not numbers.");
        }
    }

    private static void AddDetection(ScoreSheet sheet, DetectionMetrics metrics, double[] scores, bool[] poisoned)
    {
        sheet.Add(Metric.SampleDetectionRate, metrics.DetectionRate);
        if (metrics.PositivePredictiveValue.IsDefined)
        {
            sheet.Add(Metric.PositivePredictiveValue, metrics.PositivePredictiveValue);
        }
        else
        {
            sheet.Note("Nothing was flagged, so the positive predictive value is not defined.");
        }

        sheet.Add(Metric.F1, metrics.F1, poisoned.Length);
        var (clean, bad) = RocCurve.Split(scores, poisoned);
        if (clean.Length > 0)
        {
            sheet.Add(Metric.SampleAuroc, RocCurve.Auroc(clean, bad), poisoned.Length);
            sheet.Add(
                Metric.SampleDetectionRateAtOnePercent,
                RocCurve.Of(clean, bad).TruePositiveRateAt(0.01),
                bad.Length
            );
        }
    }

    // Perfect scores would fill each group's fixed number with its poison first.
    private static void AddCeiling(ScoreSheet sheet, SampleVerdict verdict, bool[] poisoned)
    {
        if (verdict.FixedWithin is not { } groups)
        {
            return;
        }

        var findable = Enumerable
            .Range(0, groups.Length)
            .Where(i => groups[i] >= 0)
            .GroupBy(i => groups[i])
            .Sum(group => Math.Min(group.Count(i => poisoned[i]), group.Count(i => verdict.Flagged[i])));
        var ceiling = new Share(findable, poisoned.Count(bad => bad));
        sheet.Add(Metric.DetectionCeiling, ceiling.Value, ceiling.Count);
        if (findable < ceiling.Count)
        {
            sheet.Note(
                FormattableString.Invariant(
                    $"The number that the rule removes is fixed and smaller than the poison of a class: at best {ceiling.Value:P0} of the poison can be found."
                )
            );
        }
    }

    private static string PlaneTitle(SampleVerdict verdict)
    {
        int? label = verdict.SuspectedLabels.Count > 0 ? verdict.SuspectedLabels[0] : verdict.TopLabel;
        return label is null
            ? "Samples of the most suspicious class"
            : $"Samples of class {label}, the most suspicious";
    }
}
