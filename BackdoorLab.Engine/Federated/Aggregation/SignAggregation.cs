using BackdoorLab.Engine.Core;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// Majority vote of signs: coordinate j of the step is sign(sum of sign(u_i[j])), that is -1, 0 or 1; each client has
/// one vote, a change of exactly 0 abstains, a tie gives 0. Bernstein, Wang, Azizzadenesheli, Anandkumar, "signSGD:
/// Compressed Optimisation for Non-Convex Problems", ICML 2018, algorithm 3, on the change of a client's local training
/// instead of one gradient. The server's rate is the length of the step on every coordinate, so it has to be small
/// (1e-3, not 1). Cost: one pass over each update, one vector of memory.
/// </summary>
[Method(
    "sign",
    "signSGD majority vote",
    Order = 80,
    Summary = "Each client votes for the direction of each parameter; the majority decides, and every parameter moves by the same length.",
    Paper = "J. Bernstein, Y.-X. Wang, K. Azizzadenesheli, A. Anandkumar: signSGD: Compressed Optimisation for Non-Convex Problems. ICML 2018.",
    Deviations = "Votes are signs of the change after local training, not of one gradient. Steps have length 1: choose a small server rate. Running statistics of batch normalisation are no part of it: those of all clients are averaged, unless the simulation says otherwise."
)]
public sealed record SignAggregation : Aggregator
{
    /// <inheritdoc/>
    public override bool SeesLengths => false;

    /// <inheritdoc/>
    protected override string? RateWarning(double rate) =>
        rate <= 0.01
            ? null
            : FormattableString.Invariant(
                $"A majority of signs moves every parameter by the server's rate in every round: at {rate:g3} the model is thrown about, for weights are far smaller. Take 0.001 or so."
            );

    /// <inheritdoc/>
    protected override IEnumerable<string> OwnWarnings(FederationSetting setting) => WithoutMajority(setting);

    /// <inheritdoc/>
    public override Aggregation Begin(AggregationRound round) => new Vote(this, Accept(round));

    private sealed class Vote(SignAggregation rule, AggregationRound round) : RoundAggregation(rule, round)
    {
        private readonly SignVotes _votes = new(round.Parameters);

        public override void Dispose()
        {
            _votes.Dispose();
            base.Dispose();
        }

        protected override void Take(ClientUpdate update, int index) => _votes.Add(update.Change);

        protected override (Tensor Step, double[] Trust) Conclude() => (_votes.Sum.sign(), []);
    }
}
