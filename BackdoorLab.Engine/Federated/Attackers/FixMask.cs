using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// Lockdown's adaptive attacker that never moves its mask, so that its backdoor stays where it was planted.
/// </summary>
[Method(
    "fix-mask",
    "FixMask",
    Order = 4,
    Summary = "The attacker keeps its first mask for ever instead of pruning and regrowing it.",
    Paper = "T. Huang et al.: Lockdown. NeurIPS 2023, section 5.4."
)]
public sealed record FixMask : AttackerBehaviour
{
    /// <inheritdoc/>
    public override bool MovesMask => false;

    /// <inheritdoc/>
    public override string? Fault(ClientProtocol protocol) => NeedsMasks(protocol);
}
