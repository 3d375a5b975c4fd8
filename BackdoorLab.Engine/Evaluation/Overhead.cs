namespace BackdoorLab.Engine.Evaluation;

/// <summary>What a defense cost.</summary>
/// <param name="Seconds">Wall time of the defense.</param>
/// <param name="TrainingSeconds">Wall time of training the model it defends, when known.</param>
/// <param name="PeakBytes">Highest resident memory of the process, when known.</param>
public sealed record Overhead(double Seconds, double? TrainingSeconds = null, long? PeakBytes = null)
{
    /// <summary>Rows of the results.</summary>
    public IReadOnlyList<Measurement> Measurements()
    {
        List<Measurement> rows = [new(Metric.OverheadSeconds.Id, Seconds)];
        if (TrainingSeconds is > 0 and { } training)
        {
            rows.Add(new Measurement(Metric.OverheadRatio.Id, Seconds / training));
        }

        if (PeakBytes is { } bytes)
        {
            rows.Add(new Measurement(Metric.PeakMemory.Id, bytes));
        }

        return rows;
    }
}
