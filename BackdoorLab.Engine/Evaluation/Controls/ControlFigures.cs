namespace BackdoorLab.Engine.Evaluation;

/// <summary>What a method did on its controls.</summary>
/// <param name="Positive">On a planted backdoor: score of a model detector, AUROC of a sample detector, share of
/// stamped inputs that a filter rejects.</param>
/// <param name="Negative">The same where there is nothing to find.</param>
/// <param name="Fault">Why the controls fail, with the figure; empty when they pass.</param>
public sealed record ControlFigures(double Positive, double Negative, string Fault)
{
    /// <summary>Rows of the results.</summary>
    public IReadOnlyList<Measurement> Measurements() =>
        [new(Metric.ControlPositive.Id, Positive), new(Metric.ControlNegative.Id, Negative)];
}
