using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// How an attacker departs from what the protocol asks of a client. It answers at four places of its turn: which
/// trigger it stamps, which coordinates it trains, what it sends, and what becomes of its mask where clients keep one.
/// What it does not answer an honest client does.
/// </summary>
public abstract record AttackerBehaviour : FederationPart
{
    /// <summary>Why it cannot attack under this protocol, in words with the remedy; null when it can.</summary>
    public virtual string? Fault(ClientProtocol protocol) => null;

    /// <summary>
    /// The triggers that attackers stamp on their images: attacker i takes the one at i mod n. Tests use the whole.
    /// </summary>
    /// <exception cref="NotApplicableException">The trigger cannot be shared out.</exception>
    public virtual IReadOnlyList<Trigger> Stamps(Trigger whole) => [whole];

    /// <summary>
    /// The coordinates that it trains, bool [P] in the caller's dispose scope and for the caller to change; null for
    /// those that an honest client in its place trains: all of them, or its mask. Gradients of the others are zeroed.
    /// </summary>
    public virtual Tensor? Trained(AttackerTurn turn) => null;

    /// <summary>
    /// Changes what it sends, float32 [P], in place. An update that is not finite afterwards is left out of the round.
    /// </summary>
    public virtual void Send(Tensor change) { }

    /// <summary>
    /// Where clients keep masks, the coordinates it sends and keeps as its mask, bool [P] in the caller's dispose
    /// scope; null for those that it trained.
    /// </summary>
    public virtual Tensor? Kept(AttackerTurn turn) => null;

    /// <summary>
    /// Whether its mask is pruned and regrown as the protocol says. One that is not stays as <see cref="Kept"/> leaves
    /// it.
    /// </summary>
    public virtual bool MovesMask => true;

    /// <summary>What an attack on masks says of a protocol without them.</summary>
    protected static string? NeedsMasks(ClientProtocol protocol) =>
        protocol.KeepsMasks
            ? null
            : "is an attack on masks and needs the protocol lockdown; take follow-protocol for the undefended comparison.";
}
