namespace BackdoorLab.Engine.Defenses;

/// <summary>A rule of the released harness, run as it is whether or not it can fire.</summary>
public abstract record ReleasedRule : ModelDetector
{
    /// <inheritdoc/>
    public abstract override string? ReleasedVariantOf { get; }

    /// <inheritdoc/>
    public sealed override bool IsControlled => false;
}
