namespace BackdoorLab.Data.References;

/// <summary>
/// A published number: shown beside own ones, never averaged with them. Shares are 0..1; null where the file has none.
/// </summary>
/// <param name="Dataset">Id of the data set, or the file's name for it where the lab has none.</param>
/// <param name="Model">Id of the network, or the file's name.</param>
/// <param name="Attack">Id of the attack, or the file's name.</param>
/// <param name="Defense">Id of the defense, or the file's name; empty for the undefended model.</param>
/// <param name="PoisonRate">0..1.</param>
/// <param name="CleanAccuracy">Clean accuracy.</param>
/// <param name="AttackSuccessRate">Attack success rate.</param>
/// <param name="RobustAccuracy">Robust accuracy.</param>
/// <param name="Source">Name of the file or publication.</param>
public sealed record ReferenceRow(
    string Dataset,
    string Model,
    string Attack,
    string Defense,
    double PoisonRate,
    double? CleanAccuracy,
    double? AttackSuccessRate,
    double? RobustAccuracy,
    string Source
);

/// <summary>An imported file.</summary>
/// <param name="Source">Its name.</param>
/// <param name="Rows">Number of values kept.</param>
/// <param name="Imported">When.</param>
public sealed record ReferenceSource(string Source, int Rows, DateTime Imported);
