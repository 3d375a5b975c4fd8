namespace BackdoorLab.Data.Queries;

/// <summary>The two rates by which whoever judges is judged; neither says anything without the other.</summary>
/// <param name="Detection">Metric of what is found in the backdoored model.</param>
/// <param name="Alarms">Metric of false alarms on its benign twin.</param>
internal sealed record Judging(string Detection, string Alarms)
{
    /// <summary>Of models.</summary>
    public static Judging OfModels { get; } = new(Metric.DetectionRate.Id, Metric.FalsePositiveRate.Id);

    /// <summary>Of training samples or inputs within a model.</summary>
    public static Judging OfSamples { get; } = new(Metric.SampleDetectionRate.Id, Metric.SampleFalsePositiveRate.Id);

    /// <summary>Whether a metric is one of the two.</summary>
    public bool Has(string metric) => metric == Detection || metric == Alarms;
}
