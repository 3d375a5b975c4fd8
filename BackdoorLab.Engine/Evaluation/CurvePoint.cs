namespace BackdoorLab.Engine.Evaluation;

/// <summary>Measurement of an intermediate model.</summary>
/// <param name="Abscissa">Pruned channels, epoch, ...</param>
/// <param name="CleanAccuracy">On the evaluator's clean images.</param>
/// <param name="AttackSuccessRate">On the evaluator's triggered images, or null.</param>
public sealed record CurvePoint(double Abscissa, double CleanAccuracy, double? AttackSuccessRate);
