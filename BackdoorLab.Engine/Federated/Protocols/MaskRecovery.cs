namespace BackdoorLab.Engine.Federated;

/// <summary>Which masked coordinates a client takes back after pruning.</summary>
public enum MaskRecovery
{
    /// <summary>Those with the largest gradient.</summary>
    Gradient,

    /// <summary>Random ones: the ablation.</summary>
    Random,
}
