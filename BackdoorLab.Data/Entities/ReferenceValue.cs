namespace BackdoorLab.Data.Entities;

/// <summary>A published number, imported from a file. Never averaged with own ones.</summary>
internal sealed class ReferenceValue
{
    public long Id { get; init; }

    public required string Dataset { get; init; }

    public required string Model { get; init; }

    public required string Attack { get; init; }

    /// <summary>Empty for the undefended model.</summary>
    public required string Defense { get; init; }

    /// <summary>0..1.</summary>
    public double PoisonRate { get; init; }

    /// <summary>0..1, as the other two; null where the file has none.</summary>
    public double? CleanAccuracy { get; init; }

    public double? AttackSuccessRate { get; init; }

    public double? RobustAccuracy { get; init; }

    /// <summary>Name of the file or publication.</summary>
    public required string Source { get; init; }

    public DateTime Imported { get; init; }
}
