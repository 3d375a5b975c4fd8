using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// Robust learning rate: the FedAvg mean, with coordinate j reversed where |sum of sign(u_i[j])| is below theta, so
/// that a direction which only a few clients want is unlearned. Ozdayi, Kantarcioglu, Gel, "Defending against Backdoors
/// in Federated Learning with Robust Learning Rate", AAAI 2021: step_j = mean_j where |sum of sign(u_i[j])| >= theta,
/// else -mean_j. Votes count clients, not samples; a change of exactly 0 abstains. The released code takes theta 4 for
/// 10 clients and 8 for 40. Cost: two passes over each update, two vectors of memory.
/// </summary>
[Method(
    "rlr",
    "RLR",
    Order = 70,
    Summary = "Averages by samples, and reverses the step of each parameter on whose direction too few clients agree.",
    Paper = "M. S. Ozdayi, M. Kantarcioglu, Y. R. Gel: Defending against Backdoors in Federated Learning with Robust Learning Rate. AAAI 2021.",
    Deviations = "Running statistics of batch normalisation are no part of it: those of all clients are averaged, unless the simulation says otherwise."
)]
public sealed record Rlr : Aggregator
{
    /// <summary>theta.</summary>
    [Range(0, 100_000)]
    [Description(
        "Least absolute sum of the clients' signs for which a parameter keeps its direction; 0 reverses none. 4 for 10 clients, 8 for 40."
    )]
    public int Threshold { get; init; } = 4;

    /// <inheritdoc/>
    public override string? Fault(int clients, int attackers) =>
        Threshold <= clients
            ? null
            : FormattableString.Invariant(
                $"{clients} clients cannot reach a sum of signs of {Threshold}, and every step would be reversed: lower threshold to at most {clients} or let more clients take part."
            );

    /// <inheritdoc/>
    protected override IEnumerable<string> OwnWarnings(FederationSetting setting)
    {
        if (Threshold == 0)
        {
            yield return "RLR with a threshold of 0 reverses nothing: it is FedAvg.";
        }
        else if (Threshold <= setting.Attackers)
        {
            yield return $"RLR's threshold of {Threshold} is not above the attackers ({setting.Ratio}): where honest clients abstain or disagree, the attackers' signs alone keep a direction.";
        }

        if (setting.Attackers > 0 && Threshold > setting.Clients - 2 * setting.Attackers)
        {
            yield return $"RLR's threshold of {Threshold} lets attackers stop the training: {setting.Ratio}, and where they vote against all others the signs sum to {setting.Clients - 2 * setting.Attackers}, which reverses the step. Lower the threshold or have more clients.";
        }
    }

    /// <inheritdoc/>
    public override Aggregation Begin(AggregationRound round) => new VotedMean(this, Accept(round));

    private sealed class VotedMean(Rlr rule, AggregationRound round) : RunningMean(rule, round)
    {
        private readonly SignVotes _votes = new(round.Parameters);

        public override void Dispose()
        {
            _votes.Dispose();
            base.Dispose();
        }

        protected override void Take(ClientUpdate update, int index)
        {
            base.Take(update, index);
            _votes.Add(update.Change);
        }

        protected override (Tensor Step, double[] Trust) Conclude()
        {
            using Scalar threshold = rule.Threshold;
            var mean = Mean();
            return (where(_votes.Sum.abs().ge(threshold), mean, mean.neg()), []);
        }
    }
}
