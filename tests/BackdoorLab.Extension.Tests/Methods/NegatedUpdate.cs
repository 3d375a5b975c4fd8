using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Federated;
using static TorchSharp.torch;

namespace BackdoorLab.Extension.Tests.Methods;

/// <summary>A federated attacker in one file: it sends the opposite of what it learnt.</summary>
[Method("negated-update", "Negated update", Summary = "The attacker sends its update with the opposite sign.")]
public sealed record NegatedUpdate : AttackerBehaviour
{
    public override void Send(Tensor change) => change.neg_();
}
