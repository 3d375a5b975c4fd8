namespace BackdoorLab.Data.Entities;

/// <summary>What a key of a condition stands for: many runs share one.</summary>
internal sealed class ConditionText
{
    /// <summary>Length of a key.</summary>
    public const int KeyLength = 16;

    public required string Key { get; init; }

    /// <summary>The part of the condition as JSON, with the facts that only say what it is.</summary>
    public required string Json { get; set; }
}
