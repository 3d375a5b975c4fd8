using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Federated;

/// <summary>Trains on poisoned data as the protocol says: the weak threat model.</summary>
[Method(
    "follow-protocol",
    "Data poisoning only",
    Order = 1,
    Summary = "The attacker poisons its own images and otherwise does what every client does."
)]
public sealed record FollowProtocol : AttackerBehaviour;
