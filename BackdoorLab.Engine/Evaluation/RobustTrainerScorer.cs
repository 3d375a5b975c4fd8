using BackdoorLab.Engine.Defenses;

namespace BackdoorLab.Engine.Evaluation;

/// <summary>
/// Scores a training defense: its model beside the undefended one, as a repair is, and what it took for poison beside
/// what was.
/// </summary>
public static class RobustTrainerScorer
{
    /// <summary>Compares at one precision.</summary>
    /// <param name="undefended">The model of the usual training.</param>
    /// <param name="trained">The defense's model.</param>
    /// <param name="truth">Whether there was a backdoor, and which samples are poison.</param>
    /// <param name="curve">Intermediate models that were measured; may be empty.</param>
    /// <param name="taken">Samples taken for poison; null where nothing is said of single ones.</param>
    /// <param name="samples">Training samples.</param>
    /// <param name="own">What the method itself tells.</param>
    public static Scored Score(
        BackdoorMetrics undefended,
        BackdoorMetrics trained,
        BackdoorTruth truth,
        IReadOnlyList<CurvePoint> curve,
        IReadOnlyList<int>? taken,
        int samples,
        MethodReport own
    )
    {
        var scored = MitigatorScorer.Score(undefended, trained, pruned: null, truth, curve, own);
        return taken is null
            ? scored
            : scored with
            {
                Measurements = [.. scored.Measurements, .. Samples(taken, samples, truth)],
            };
    }

    private static IReadOnlyList<Measurement> Samples(IReadOnlyList<int> taken, int samples, BackdoorTruth truth)
    {
        var flagged = new bool[samples];
        foreach (var index in taken)
        {
            flagged[index] = true;
        }

        var metrics = DetectionMetrics.Of(flagged, truth.Known ? truth.PoisonMask! : new bool[samples]);
        var sheet = new ScoreSheet();
        if (metrics.DetectionRate.IsDefined)
        {
            sheet.Add(Metric.SampleDetectionRate, metrics.DetectionRate);
            if (metrics.PositivePredictiveValue.IsDefined)
            {
                sheet.Add(Metric.PositivePredictiveValue, metrics.PositivePredictiveValue);
            }
        }

        sheet.Add(Metric.SampleFalsePositiveRate, metrics.FalsePositiveRate);
        sheet.Add(Metric.FlaggedShare, metrics.FlaggedShare);
        return sheet.ToScored().Measurements;
    }
}
