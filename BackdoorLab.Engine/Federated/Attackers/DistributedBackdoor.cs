using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// DBA: attackers share the trigger out, client i stamps part i mod 4; at test time the whole trigger is used. Xie,
/// Huang, Chen, Li, "DBA: Distributed Backdoor Attacks against Federated Learning", ICLR 2020.
/// </summary>
[Method(
    "dba",
    "DBA",
    Order = 2,
    Summary = "The trigger is split into four parts; each attacker stamps one of them, the test images carry the "
        + "whole.",
    Paper = "C. Xie, K. Huang, P.-Y. Chen, B. Li: DBA: Distributed Backdoor Attacks against Federated Learning. "
        + "ICLR 2020.",
    Deviations = "Four quarters of the trigger's bounding box; with fewer than four attackers some parts are never "
        + "trained."
)]
public sealed record DistributedBackdoor : AttackerBehaviour
{
    /// <inheritdoc/>
    public override IReadOnlyList<Trigger> Stamps(Trigger whole) =>
        whole.Split()
        ?? throw new NotApplicableException(
            "DBA needs a trigger of separate pixels to share out; this attack's covers the image as a whole."
        );

    /// <inheritdoc/>
    public override IEnumerable<string> Warnings(FederationSetting setting)
    {
        if (setting.Simulation.Attackers < 4)
        {
            yield return "DBA shares the trigger among four attackers; "
                + $"with {setting.Simulation.Attackers} some parts are never trained.";
        }
    }
}
