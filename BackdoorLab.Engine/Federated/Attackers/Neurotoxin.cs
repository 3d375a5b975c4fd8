using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// Neurotoxin: the backdoor goes where honest clients move least, so that it is not overwritten. Zhang et al., ICML
/// 2022. Under dense training gradients outside those coordinates are zeroed (weight decay is not); under Lockdown the
/// attacker trains inside its mask and uploads under them. There is no last step in the first round, where the attacker
/// only poisons its data.
/// </summary>
[Method(
    "neurotoxin",
    "Neurotoxin",
    Order = 6,
    Summary = "The attacker trains only the coordinates that the last aggregated step moved least.",
    Paper = "Z. Zhang, A. Panda, L. Song, Y. Yang, M. Mahoney, P. Mittal, K. Ramchandran, J. Gonzalez: Neurotoxin: "
        + "Durable Backdoors in Federated Learning. ICML 2022.",
    Deviations = "In the first round nothing has moved yet, and the attacker only poisons its data."
)]
public sealed record Neurotoxin : AttackerBehaviour
{
    /// <summary>Share of each tensor's coordinates.</summary>
    [Range(0.01, 1.0)]
    [Description("Share of each tensor's coordinates, the least moved ones, that the attacker trains.")]
    public double Share { get; init; } = 0.25;

    /// <inheritdoc/>
    public override bool MovesMask => false;

    /// <inheritdoc/>
    public override Tensor? Trained(AttackerTurn turn) => turn.HasMask ? null : turn.LeastMoved(Share);

    /// <inheritdoc/>
    public override Tensor? Kept(AttackerTurn turn) => turn.LeastMoved(Share);

    /// <inheritdoc/>
    public override IEnumerable<string> Warnings(FederationSetting setting)
    {
        if (setting.Simulation.Rounds == 1)
        {
            yield return "Neurotoxin begins in the second round, after a first step: with one round the attacker only "
                + "poisons its data.";
        }
        else if (Share == 1)
        {
            yield return "Neurotoxin with a share of 1 leaves no coordinate out: the attacker only poisons its data.";
        }
    }
}
