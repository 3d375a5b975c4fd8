namespace BackdoorLab.Engine.Attacks;

/// <summary>What an attacker made before poisoning (<see cref="PreparedAttack"/>), as it is stored.</summary>
public sealed record AttackAsset
{
    /// <summary>What is added to every image, float [C*H*W]; pixels are in [0,1]. Empty where it is no noise.</summary>
    public float[] Noise { get; init; } = [];

    /// <summary>
    /// Weights of networks that make the trigger of an image, float32 in this machine's byte order; null where it is
    /// noise.
    /// </summary>
    public byte[]? Weights { get; init; }

    /// <summary>What must stand beside the numbers of a run with it.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];
}
