using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// How the server of federated learning turns the clients' updates of a round into one step of the global model. Every rule is
/// deterministic given its round's seeds, and none depends on the order in which clients are added beyond the rounding of sums.
/// </summary>
public abstract record Aggregator : Method
{
    /// <summary>Starts a round; the caller disposes it.</summary>
    /// <exception cref="ArgumentException">The round has no parameters or clients, or <see cref="Fault"/> says why the rule cannot aggregate so many.</exception>
    public abstract Aggregation Begin(AggregationRound round);

    /// <summary>Why it cannot aggregate so many clients of which so many attack, in words with the remedy; null when it can.</summary>
    public virtual string? Fault(int clients, int attackers) => null;

    /// <summary>The round, when this rule can aggregate it.</summary>
    private protected AggregationRound Accept(AggregationRound round)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(round.Parameters, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(round.Clients, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(round.Attackers);
        return Fault(round.Clients, round.Attackers) is { } reason ? throw new ArgumentException(reason, nameof(round)) : round;
    }
}
