namespace BackdoorLab.Engine.Evaluation;

/// <summary>
/// How a model does on clean and on triggered test images. Attack success and robust accuracy are counted over the
/// same images: those whose true label is not the intended one. Under all-to-one that leaves out the target class;
/// under all-to-all nothing.
/// </summary>
/// <param name="CleanAccuracy">Clean images classified as their label.</param>
/// <param name="AttackSuccessRate">Triggered images classified as intended, target class left out.</param>
/// <param name="AttackSuccessRateAll">The same over all triggered images.</param>
/// <param name="RobustAccuracy">The attack success rate's images classified as their true label.</param>
public sealed record BackdoorMetrics(
    Share CleanAccuracy,
    Share AttackSuccessRate,
    Share AttackSuccessRateAll,
    Share RobustAccuracy
)
{
    /// <summary>Counts predictions. Without triggered images only the clean accuracy is defined.</summary>
    /// <param name="cleanPredictions">Class of each clean image by the model.</param>
    /// <param name="cleanLabels">Its label.</param>
    /// <param name="triggeredPredictions">Class of each triggered image by the model.</param>
    /// <param name="trueLabels">Label of the image under the trigger.</param>
    /// <param name="intendedLabels">Label that the attacker wants.</param>
    public static BackdoorMetrics Of(
        int[] cleanPredictions,
        int[] cleanLabels,
        int[] triggeredPredictions,
        int[] trueLabels,
        int[] intendedLabels
    )
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(cleanPredictions.Length, cleanLabels.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(triggeredPredictions.Length, trueLabels.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(triggeredPredictions.Length, intendedLabels.Length);
        var count = triggeredPredictions.Length;
        return new BackdoorMetrics(
            Share.Of(cleanLabels.Length, _ => true, i => cleanPredictions[i] == cleanLabels[i]),
            Share.Of(count, i => trueLabels[i] != intendedLabels[i], i => triggeredPredictions[i] == intendedLabels[i]),
            Share.Of(count, _ => true, i => triggeredPredictions[i] == intendedLabels[i]),
            Share.Of(count, i => trueLabels[i] != intendedLabels[i], i => triggeredPredictions[i] == trueLabels[i])
        );
    }

    /// <summary>Rows of the results; undefined shares are left out.</summary>
    public IReadOnlyList<Measurement> Measurements()
    {
        (Metric Metric, Share Share)[] all =
        [
            (Metric.CleanAccuracy, CleanAccuracy),
            (Metric.AttackSuccessRate, AttackSuccessRate),
            (Metric.AttackSuccessRateAll, AttackSuccessRateAll),
            (Metric.RobustAccuracy, RobustAccuracy),
        ];
        return [.. all.Where(row => row.Share.IsDefined).Select(row => row.Share.As(row.Metric))];
    }

    /// <summary>Defense effectiveness rating: (max(0, ASR drop) - max(0, CA drop) + 1) / 2.</summary>
    public static double DefenseEffectiveness(
        double attackBefore,
        double attackAfter,
        double accuracyBefore,
        double accuracyAfter
    ) => Rating(attackBefore - attackAfter, accuracyBefore - accuracyAfter);

    /// <summary>Robustness improvement rating: (max(0, RA gained) - max(0, CA drop) + 1) / 2.</summary>
    public static double RobustnessImprovement(
        double robustBefore,
        double robustAfter,
        double accuracyBefore,
        double accuracyAfter
    ) => Rating(robustAfter - robustBefore, accuracyBefore - accuracyAfter);

    private static double Rating(double gain, double loss) => (Math.Max(0, gain) - Math.Max(0, loss) + 1) / 2;
}
