namespace BackdoorLab.Data.Entities;

/// <summary>
/// What was measured at the end of an epoch. Null where the number was not finite (a diverged loss, a rate over no
/// images).
/// </summary>
internal sealed class CurvePoint
{
    public required string RunId { get; init; }

    public required Victim Victim { get; init; }

    public required int Epoch { get; init; }

    public int Epochs { get; set; }

    public double? Loss { get; set; }

    public double? CleanAccuracy { get; set; }

    public double? AttackSuccessRate { get; set; }
}
