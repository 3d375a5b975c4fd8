using BackdoorLab.Engine.Defenses;

namespace BackdoorLab.Engine.Evaluation;

/// <summary>
/// Scores a verdict about one model: a detection on a backdoored model, a false positive on a benign one. Of a model of
/// which nothing is known the verdict itself is recorded, which is neither; where nothing could be decided no rate
/// counts the model.
/// </summary>
public static class ModelDetectorScorer
{
    /// <summary>Compares the verdict with the truth.</summary>
    public static Scored Score(ModelVerdict verdict, BackdoorTruth truth)
    {
        var sheet = new ScoreSheet();
        sheet.Judge(verdict.Verdict, truth, verdict.SuspectedLabels, verdict.TopLabel);
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
