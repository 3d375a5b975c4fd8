namespace BackdoorLab.Engine.Attacks;

/// <summary>What an attacker made before poisoning (<see cref="PreparedAttack"/>), as it is stored.</summary>
public sealed record AttackAsset
{
    /// <summary>What is added to every image, float [C*H*W]; pixels are in [0,1].</summary>
    public required float[] Noise { get; init; }

    /// <summary>What must stand beside the numbers of a run with it.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];
}
