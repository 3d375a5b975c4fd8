using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// How the server of federated learning turns the clients' updates of a round into one step of the global model. Every
/// rule is deterministic given its round's seeds, and none depends on the order in which clients are added beyond the
/// rounding of sums. A rule decides about trained parameters alone; whose running statistics of batch normalisation the
/// global model has is <see cref="Simulation.Statistics"/>, usually those of all clients, also of the ones that a rule
/// drops.
/// </summary>
public abstract record Aggregator : FederationPart
{
    /// <summary>
    /// Whether it gives clients other weights than their numbers of images: whether it has clients that it trusts.
    /// </summary>
    public virtual bool ChoosesClients => false;

    /// <summary>Whether the step is the mean of all updates by their numbers of images and nothing else.</summary>
    public virtual bool IsSampleMean => false;

    /// <summary>Whether the length of an update makes a difference to the step.</summary>
    public virtual bool SeesLengths => true;

    /// <summary>Starts a round; the caller disposes it.</summary>
    /// <exception cref="ArgumentException">The round has no parameters or clients, or <see cref="Fault"/> says why the
    /// rule cannot aggregate so many.</exception>
    public abstract Aggregation Begin(AggregationRound round);

    /// <summary>
    /// Why it cannot aggregate so many clients of which so many attack, in words with the remedy; null when it can.
    /// </summary>
    public virtual string? Fault(int clients, int attackers) => null;

    /// <inheritdoc/>
    public sealed override IEnumerable<string> Warnings(FederationSetting setting) =>
        ((string?[])[StatisticsWarning(setting), RateWarning(setting.Simulation.ServerLearningRate)])
            .OfType<string>()
            .Concat(OwnWarnings(setting));

    /// <summary>What this rule has to say beside what all have.</summary>
    protected virtual IEnumerable<string> OwnWarnings(FederationSetting setting) => [];

    /// <summary>What is odd about a server's rate for steps of this rule; null when nothing is.</summary>
    protected virtual string? RateWarning(double rate) =>
        rate switch
        {
            < 0.1 => FormattableString.Invariant(
                $"A server rate of {rate:g3} is for sign aggregation: here it leaves {rate:g3} of each round's step, and the global model hardly moves. Take 1."
            ),
            > 1 => FormattableString.Invariant(
                $"A server rate of {rate:g3} makes every round's step {rate:g3} times as long as the clients' updates are."
            ),
            _ => null,
        };

    /// <summary>The round, when this rule can aggregate it.</summary>
    protected AggregationRound Accept(AggregationRound round)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(round.Parameters, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(round.Clients, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(round.Attackers);
        return Fault(round.Clients, round.Attackers) is { } reason
            ? throw new ArgumentException(reason, nameof(round))
            : round;
    }

    /// <summary>What holds of a rule that follows the majority where attackers may be the majority.</summary>
    protected IEnumerable<string> WithoutMajority(FederationSetting setting)
    {
        if (setting.Attackers > 0 && 2 * setting.Attackers >= setting.Clients)
        {
            yield return $"{Name} follows the majority: {setting.Ratio}, and then it follows them.";
        }
    }

    /// <summary>Name on screen.</summary>
    protected string Name => MethodCatalog.Default.For(this).Name;

    private string? StatisticsWarning(FederationSetting setting) =>
        (setting.TracksStatistics, setting.Simulation.Statistics) switch
        {
            (true, StatisticsSource.AllClients) when !IsSampleMean =>
                $"{Name} decides about trained parameters alone. This network also tracks statistics of batch normalisation, and those are averaged over all clients, attackers included: take the statistics of trusted clients or computed anew (federation.simulation.statistics), or a network that tracks none.",
            (true, StatisticsSource.TrustedClients) when !ChoosesClients =>
                $"{Name} trusts no client more than another: statistics of trusted clients are those of all clients here, attackers included. Take those computed anew.",
            _ => null,
        };
}
