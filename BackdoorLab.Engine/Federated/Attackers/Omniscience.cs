using BackdoorLab.Engine.Core;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// Lockdown's strongest adaptive attacker: it knows every client's mask and trains inside the consensus. In the
/// released code its input is never filled, so there it equals FixMask; here it is given the masks of the round before.
/// </summary>
[Method(
    "omniscience",
    "Omniscience",
    Order = 5,
    Summary = "The attacker knows all masks and trains only coordinates that the consensus will keep.",
    Paper = "T. Huang et al.: Lockdown. NeurIPS 2023, section 5.4.",
    Deviations = "Really receives the consensus of the round before; the released code never fills it. "
        + "Before votes are counted, which is in the first round where fusion takes the masks of a round's end, "
        + "it trains inside its own first mask; without a quorum the consensus keeps everything, and it trains every parameter."
)]
public sealed record Omniscience : AttackerBehaviour
{
    /// <inheritdoc/>
    public override bool MovesMask => false;

    /// <inheritdoc/>
    public override Tensor? Trained(AttackerTurn turn) => turn.Consensus();

    /// <inheritdoc/>
    public override string? Fault(ClientProtocol protocol) => NeedsMasks(protocol);

    /// <inheritdoc/>
    public override IEnumerable<string> Warnings(FederationSetting setting)
    {
        var protocol = setting.Federation.Protocol;
        if (!protocol.KeepsMasks)
        {
            yield break;
        }

        if (protocol.FusionQuorum == 0)
        {
            yield return "Omniscience without a quorum: the consensus keeps everything, so the attacker trains and sends "
                + "every parameter, masked by nothing.";
        }
        else if (!protocol.CountsMasksAtOnce)
        {
            yield return "Omniscience with the masks of a round's end: no votes are counted before the first round is "
                + "over, so in it the attacker trains inside its own first mask.";
        }
    }
}
