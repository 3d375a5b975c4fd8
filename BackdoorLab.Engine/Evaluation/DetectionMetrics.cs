namespace BackdoorLab.Engine.Evaluation;

/// <summary>Confusion counts of a detector over samples.</summary>
/// <param name="TruePositives">Backdoored and flagged.</param>
/// <param name="FalsePositives">Benign and flagged.</param>
/// <param name="TrueNegatives">Benign and passed.</param>
/// <param name="FalseNegatives">Backdoored and passed.</param>
public sealed record DetectionMetrics(int TruePositives, int FalsePositives, int TrueNegatives, int FalseNegatives)
{
    /// <summary>Counts flags against the truth; without a truth everything is benign.</summary>
    public static DetectionMetrics Of(ReadOnlySpan<bool> flagged, ReadOnlySpan<bool> backdoored)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(flagged.Length, backdoored.Length);
        var (hits, alarms, passed, missed) = (0, 0, 0, 0);
        for (var i = 0; i < flagged.Length; i++)
        {
            _ = (flagged[i], backdoored[i]) switch
            {
                (true, true) => hits++,
                (true, false) => alarms++,
                (false, false) => passed++,
                (false, true) => missed++,
            };
        }

        return new DetectionMetrics(hits, alarms, passed, missed);
    }

    /// <summary>Of the backdoored, the share flagged.</summary>
    public Share DetectionRate => new(TruePositives, TruePositives + FalseNegatives);

    /// <summary>Of the benign, the share flagged.</summary>
    public Share FalsePositiveRate => new(FalsePositives, FalsePositives + TrueNegatives);

    /// <summary>Of the flagged, the share backdoored.</summary>
    public Share PositivePredictiveValue => new(TruePositives, TruePositives + FalsePositives);

    /// <summary>Of all, the share flagged.</summary>
    public Share FlaggedShare =>
        new(TruePositives + FalsePositives, TruePositives + FalsePositives + TrueNegatives + FalseNegatives);

    /// <summary>
    /// Harmonic mean of detection rate and positive predictive value; 0 when nothing backdoored was flagged.
    /// </summary>
    public double F1 =>
        TruePositives == 0 ? 0 : 2.0 * TruePositives / (2 * TruePositives + FalsePositives + FalseNegatives);
}
