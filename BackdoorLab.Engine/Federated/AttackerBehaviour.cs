using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Federated;

/// <summary>What an attacker does with its mask under <see cref="Lockdown"/>.</summary>
internal enum MaskPolicy
{
    /// <summary>Prunes and recovers like everybody.</summary>
    Follow,

    /// <summary>Keeps its first mask.</summary>
    Keep,

    /// <summary>Takes what the consensus of the last round would keep.</summary>
    Consensus,

    /// <summary>Uploads under the coordinates that others moved least.</summary>
    LeastMoved,
}

/// <summary>What an attacker does besides poisoning its data.</summary>
public abstract record AttackerBehaviour : FederationPart
{
    /// <summary>Factor of the uploaded change.</summary>
    internal virtual double Factor => 1;

    /// <summary>Whether each attacker stamps a part of the trigger only.</summary>
    public virtual bool SplitsTrigger => false;

    internal virtual MaskPolicy Masks => MaskPolicy.Follow;

    /// <summary>Share of each parameter's coordinates that <see cref="MaskPolicy.LeastMoved"/> takes.</summary>
    internal virtual double LeastMovedShare => 1;

    /// <summary>Why it cannot attack this way, in words; null when it can.</summary>
    public virtual string? Fault(ClientProtocol protocol) => null;

    private protected static string? NeedsMasks(ClientProtocol protocol) =>
        protocol is Lockdown ? null : "is an attack on masks and needs the protocol lockdown; take follow-protocol for the undefended comparison.";
}

/// <summary>Trains on poisoned data as the protocol says: the weak threat model.</summary>
[Method("follow-protocol", "Data poisoning only", Order = 1,
    Summary = "The attacker poisons its own images and otherwise does what every client does.")]
public sealed record FollowProtocol : AttackerBehaviour;

/// <summary>
/// DBA: attackers share the trigger out, client i stamps part i mod 4; at test time the whole trigger is used. Xie, Huang, Chen, Li,
/// "DBA: Distributed Backdoor Attacks against Federated Learning", ICLR 2020.
/// </summary>
[Method("dba", "DBA", Order = 2,
    Summary = "The trigger is split into four parts; each attacker stamps one of them, the test images carry the whole.",
    Paper = "C. Xie, K. Huang, P.-Y. Chen, B. Li: DBA: Distributed Backdoor Attacks against Federated Learning. ICLR 2020.",
    Deviations = "Four quarters of the trigger's bounding box; with fewer than four attackers some parts are never trained.")]
public sealed record DistributedBackdoor : AttackerBehaviour
{
    /// <inheritdoc/>
    public override bool SplitsTrigger => true;

    /// <inheritdoc/>
    public override IEnumerable<string> Warnings(FederationSetting setting)
    {
        if (setting.Simulation.Attackers < 4)
        {
            yield return $"DBA shares the trigger among four attackers; with {setting.Simulation.Attackers} some parts are never trained.";
        }
    }
}

/// <summary>Model replacement: the upload is multiplied. Bagdasaryan et al., "How To Backdoor Federated Learning", AISTATS 2020.</summary>
[Method("scaling", "Scaling", Order = 3,
    Summary = "The attacker multiplies its update, so that it outweighs the others.",
    Paper = "E. Bagdasaryan, A. Veit, Y. Hua, D. Estrin, V. Shmatikov: How To Backdoor Federated Learning. AISTATS 2020.")]
public sealed record Scaling : AttackerBehaviour
{
    /// <summary>Factor of the update.</summary>
    [Range(1.0, 1000.0)]
    [Description("The attacker's update is multiplied by this.")]
    public double Boost { get; init; } = 5;

    internal override double Factor => Boost;

    /// <inheritdoc/>
    public override IEnumerable<string> Warnings(FederationSetting setting)
    {
        if (Boost == 1)
        {
            yield return "Scaling by 1 scales nothing: the attacker only poisons its data.";
        }

        if (setting.Federation.Aggregator is SignAggregation)
        {
            yield return "Scaling makes no difference under a majority of signs, which see no lengths: the attacker only poisons its data.";
        }
    }
}

/// <summary>Lockdown's adaptive attacker that never moves its mask, so that its backdoor stays where it was planted.</summary>
[Method("fix-mask", "FixMask", Order = 4,
    Summary = "The attacker keeps its first mask for ever instead of pruning and regrowing it.",
    Paper = "T. Huang et al.: Lockdown. NeurIPS 2023, section 5.4.")]
public sealed record FixMask : AttackerBehaviour
{
    internal override MaskPolicy Masks => MaskPolicy.Keep;

    /// <inheritdoc/>
    public override string? Fault(ClientProtocol protocol) => NeedsMasks(protocol);
}

/// <summary>
/// Lockdown's strongest adaptive attacker: it knows every client's mask and trains inside the consensus. In the released code its input is
/// never filled, so there it equals FixMask; here it is given the masks of the round before.
/// </summary>
[Method("omniscience", "Omniscience", Order = 5,
    Summary = "The attacker knows all masks and trains only coordinates that the consensus will keep.",
    Paper = "T. Huang et al.: Lockdown. NeurIPS 2023, section 5.4.",
    Deviations = "Really receives the consensus of the round before; the released code never fills it. Before votes are counted, which is in the first round where fusion takes the masks of a round's end, it trains inside its own first mask; without a quorum the consensus keeps everything, and it trains every parameter.")]
public sealed record Omniscience : AttackerBehaviour
{
    internal override MaskPolicy Masks => MaskPolicy.Consensus;

    /// <inheritdoc/>
    public override string? Fault(ClientProtocol protocol) => NeedsMasks(protocol);

    /// <inheritdoc/>
    public override IEnumerable<string> Warnings(FederationSetting setting)
    {
        if (setting.Federation.Protocol is not Lockdown lockdown)
        {
            yield break;
        }

        if (lockdown.Quorum == 0)
        {
            yield return "Omniscience without a quorum: the consensus keeps everything, so the attacker trains and sends every parameter, masked by nothing.";
        }
        else if (lockdown.FusionMasks == FusionMasks.EndOfRound)
        {
            yield return "Omniscience with the masks of a round's end: no votes are counted before the first round is over, so in it the attacker trains inside its own first mask.";
        }
    }
}

/// <summary>
/// Neurotoxin: the backdoor goes where honest clients move least, so that it is not overwritten. Zhang et al., ICML 2022. Under dense training
/// gradients outside those coordinates are zeroed (weight decay is not); under Lockdown the attacker uploads under them as its mask. There is
/// no last step in the first round, where the attacker only poisons its data.
/// </summary>
[Method("neurotoxin", "Neurotoxin", Order = 6,
    Summary = "The attacker trains only the coordinates that the last aggregated step moved least.",
    Paper = "Z. Zhang, A. Panda, L. Song, Y. Yang, M. Mahoney, P. Mittal, K. Ramchandran, J. Gonzalez: Neurotoxin: Durable Backdoors in Federated Learning. ICML 2022.",
    Deviations = "In the first round nothing has moved yet, and the attacker only poisons its data.")]
public sealed record Neurotoxin : AttackerBehaviour
{
    /// <summary>Share of each tensor's coordinates.</summary>
    [Range(0.01, 1.0)]
    [Description("Share of each tensor's coordinates, the least moved ones, that the attacker trains.")]
    public double Share { get; init; } = 0.25;

    internal override MaskPolicy Masks => MaskPolicy.LeastMoved;

    internal override double LeastMovedShare => Share;

    /// <inheritdoc/>
    public override IEnumerable<string> Warnings(FederationSetting setting)
    {
        if (setting.Simulation.Rounds == 1)
        {
            yield return "Neurotoxin begins in the second round, after a first step: with one round the attacker only poisons its data.";
        }
        else if (Share == 1)
        {
            yield return "Neurotoxin with a share of 1 leaves no coordinate out: the attacker only poisons its data.";
        }
    }
}
