namespace BackdoorLab.Data.Queries;

/// <summary>What occurs in runs outside the trash, in alphabetical order.</summary>
/// <param name="Datasets">Data sets.</param>
/// <param name="Models">Networks.</param>
/// <param name="Attacks">Attacks.</param>
public sealed record FilterValues(
    IReadOnlyList<string> Datasets,
    IReadOnlyList<string> Models,
    IReadOnlyList<string> Attacks
);
