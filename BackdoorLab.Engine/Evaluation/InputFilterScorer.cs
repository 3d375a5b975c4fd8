using System.Diagnostics;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Statistics;

namespace BackdoorLab.Engine.Evaluation;

/// <summary>
/// Scores an input filter on clean and on triggered test images. The triggered ones are those of the attack success
/// rate: their true label is not already the intended one. On the benign twin flagging either kind is a false
/// positive.
/// </summary>
public static class InputFilterScorer
{
    /// <summary>
    /// Runs the filter and the model on at most <paramref name="maxInputs"/> images of each kind, drawn at random.
    /// </summary>
    public static Scored Score(
        FittedFilter filter,
        DeployedClassifier model,
        ImageSet cleanTest,
        BackdoorTruth truth,
        RunContext run,
        int maxInputs = 400
    )
    {
        var random = run.Seeds.Child("filter-inputs").Random();
        var cleanIndices = Sampling.Choose(cleanTest.Count, maxInputs, random);
        var clean = cleanTest.Select(cleanIndices);
        int[] eligible = truth.Triggered is null ? [] : [.. truth.Triggered.EligibleIndices()];
        int[] triggeredIndices = [.. Sampling.Choose(eligible.Length, maxInputs, random).Select(i => eligible[i])];
        var clock = Stopwatch.StartNew();
        var cleanScores = filter.Score(clean, run.Child("clean"));
        double[] triggeredScores = [];
        int[] triggeredPredictions = [];
        if (triggeredIndices.Length > 0)
        {
            var triggered = truth.Triggered!.Images.Select(triggeredIndices);
            triggeredScores = filter.Score(triggered, run.Child("triggered"));
            clock.Stop();
            triggeredPredictions = Inference.Predict(model, triggered, run);
        }

        clock.Stop();
        var inputs = new FilterInputs(
            cleanScores,
            Equal(Inference.Predict(model, clean, run), clean.Labels),
            triggeredScores,
            Equal(triggeredPredictions, [.. triggeredIndices.Select(index => truth.Triggered!.IntendedLabels[index])])
        );
        SampleDetectorScorer.RequireScores(cleanScores, clean.Count);
        SampleDetectorScorer.RequireScores(triggeredScores, triggeredIndices.Length);
        var scored = Score(inputs, filter.Threshold, filter.ScoreName, truth);
        var milliseconds = clock.Elapsed.TotalMilliseconds / Math.Max(1, cleanScores.Length + triggeredScores.Length);
        return scored with
        {
            Measurements = [.. scored.Measurements, new Measurement(Metric.MillisecondsPerInput.Id, milliseconds)],
            Notes = filter.Note.Length == 0 ? scored.Notes : [.. scored.Notes, filter.Note],
        };
    }

    /// <summary>Compares scores with the threshold; a score above it is a rejection.</summary>
    public static Scored Score(FilterInputs inputs, double threshold, string scoreName, BackdoorTruth truth)
    {
        var sheet = new ScoreSheet();
        var (clean, triggered) = (inputs.CleanScores, inputs.TriggeredScores);
        var rejectedClean = Share.Of(clean.Length, _ => true, i => clean[i] > threshold);
        var rejectedTriggered = Share.Of(triggered.Length, _ => true, i => triggered[i] > threshold);
        if (truth.Known)
        {
            sheet.Add(Metric.SampleDetectionRate, rejectedTriggered);
        }

        sheet.Add(Metric.SampleFalsePositiveRate, rejectedClean);
        if (!truth.Known && triggered.Length > 0)
        {
            sheet.Add(Metric.FalsePositiveRateTriggered, rejectedTriggered);
        }

        if (truth.Known && clean.Length > 0 && triggered.Length > 0)
        {
            sheet.Add(Metric.SampleAuroc, RocCurve.Auroc(clean, triggered), clean.Length + triggered.Length);
            var atOnePercent = RocCurve.Of(clean, triggered).TruePositiveRateAt(0.01);
            sheet.Add(Metric.SampleDetectionRateAtOnePercent, atOnePercent, triggered.Length);
            sheet.Add(
                Metric.FilteredAttackSuccessRate,
                Share.Of(triggered.Length, _ => true, i => triggered[i] <= threshold && inputs.TriggeredSucceed[i])
            );
        }

        sheet.Add(
            Metric.FilteredCleanAccuracy,
            Share.Of(clean.Length, _ => true, i => clean[i] <= threshold && inputs.CleanCorrect[i])
        );
        sheet.Add(Metric.DetectorThreshold, threshold);
        TargetLabelScore.NoteWeakAttack(sheet, truth);
        sheet.Figure(
            ScoreFigures.Histogram(
                truth.Known ? "Scores of test inputs" : "Scores of test inputs on the benign model",
                scoreName,
                [("clean", clean), ("triggered", triggered)],
                threshold
            )
        );
        return sheet.ToScored();
    }

    private static bool[] Equal(int[] predicted, int[] expected) => [.. predicted.Zip(expected, (a, b) => a == b)];
}
