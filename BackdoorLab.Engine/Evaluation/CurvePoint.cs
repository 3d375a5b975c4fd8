namespace BackdoorLab.Engine.Evaluation;

/// <summary>Measurement of an intermediate model.</summary>
/// <param name="Phase">What the abscissa counts: pruned channels, epochs, ...</param>
/// <param name="Abscissa">How far the phase has come.</param>
/// <param name="CleanAccuracy">On the evaluator's clean images.</param>
/// <param name="AttackSuccessRate">On the evaluator's triggered images, or null.</param>
public sealed record CurvePoint(string Phase, double Abscissa, double CleanAccuracy, double? AttackSuccessRate);
