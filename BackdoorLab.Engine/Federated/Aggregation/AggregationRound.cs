using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Federated;

/// <summary>What an aggregator is told before the first update of a round.</summary>
/// <param name="Parameters">Length P of an update.</param>
/// <param name="Clients">
/// How many clients take part, n. Fewer may be added: one whose update is unusable is left out, and rules that assume a
/// number of attackers count it as one of them.
/// </param>
/// <param name="Attackers">How many attackers the server assumes among them, f; most rules do not ask.</param>
/// <param name="Seeds">Random streams of this round.</param>
/// <param name="Memory">What the aggregator keeps from round to round; changed by <see cref="Aggregation.Finish"/>
/// only.</param>
public sealed record AggregationRound(
    long Parameters,
    int Clients,
    int Attackers,
    SeedTree Seeds,
    AggregatorMemory Memory
);
