using BackdoorLab.Engine.Defenses;

namespace BackdoorLab.Engine.Evaluation;

/// <summary>
/// Scores a verdict about one model: a detection on a backdoored model, a false positive on a benign one.
/// </summary>
public static class ModelDetectorScorer
{
    /// <summary>Compares the verdict with the truth.</summary>
    public static Scored Score(ModelVerdict verdict, BackdoorTruth truth)
    {
        var sheet = new ScoreSheet();
        sheet.Add(truth.IsBackdoored ? Metric.DetectionRate : Metric.FalsePositiveRate, verdict.Flagged);
        TargetLabelScore.AddTo(sheet, truth, verdict.SuspectedLabels, verdict.TopLabel);
        sheet.Add(Metric.DetectorScore, verdict.Score);
        sheet.Add(Metric.DetectorThreshold, verdict.Threshold);
        sheet.Report(verdict.Numbers);
        sheet.Note(verdict.Note);
        foreach (var figure in verdict.Figures)
        {
            sheet.Figure(figure);
        }

        return sheet.ToScored();
    }
}
