namespace BackdoorLab.Results;

/// <summary>
/// A point of a training curve: the end of an epoch, or of a round. Null where a number is not finite or was not
/// measured.
/// </summary>
/// <param name="Victim">Which model.</param>
/// <param name="Epoch">From 1.</param>
/// <param name="Epochs">Epochs in all.</param>
/// <param name="Loss">Mean training loss.</param>
/// <param name="CleanAccuracy">0..1.</param>
/// <param name="AttackSuccessRate">0..1.</param>
public sealed record TrainingPoint(
    Victim Victim,
    int Epoch,
    int Epochs,
    double? Loss,
    double? CleanAccuracy,
    double? AttackSuccessRate
);
