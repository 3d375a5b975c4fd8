using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// Norm clipping and weak differential privacy: the mean, by samples, of u_i / max(1, |u_i| / M), plus N(0, sigma^2) on
/// every coordinate. Sun, Kairouz, Suresh, McMahan, "Can You Really Backdoor Federated Learning?", 2019. Stops
/// attackers that scale their update; one that stays within M passes. Cost: two passes over each update, one vector of
/// memory.
/// </summary>
[Method(
    "norm-clipping",
    "Norm clipping",
    Order = 10,
    Summary = "Shortens every update to a largest length before averaging, so that scaling an update buys an attacker nothing; optionally adds noise to the mean.",
    Paper = "Z. Sun, P. Kairouz, A. T. Suresh, H. B. McMahan: Can You Really Backdoor Federated Learning? 2019.",
    Deviations = "Running statistics of batch normalisation are no part of it: those of all clients are averaged, unless the simulation says otherwise."
)]
public sealed record NormClipping : Aggregator
{
    /// <summary>M.</summary>
    [Range(1e-6, 1e6)]
    [Description("Largest Euclidean length of an update; longer ones are shortened to it.")]
    public double Bound { get; init; } = 2;

    /// <summary>sigma.</summary>
    [Range(0.0, 10.0)]
    [Description(
        "Standard deviation of the Gaussian noise added to every coordinate of the mean; 0 adds none (weak differential privacy: 0.025)."
    )]
    public double NoiseDeviation { get; init; }

    /// <inheritdoc/>
    public override IEnumerable<string> Observations(FederationHistory history)
    {
        if (history.Rounds.All(round => round.Clients.All(client => client.Norm is null || client.Norm <= Bound)))
        {
            yield return FormattableString.Invariant(
                $"No update was longer than {Bound:g3}: norm clipping shortened none, and {(NoiseDeviation > 0 ? "only its noise tells it from FedAvg" : "this is FedAvg")}. Lower the bound (the longest update had {history.Rounds.Max(round => round.Clients.Max(client => client.Norm ?? 0)):g3})."
            );
        }
    }

    /// <inheritdoc/>
    public override Aggregation Begin(AggregationRound round) => new ClippedMean(this, Accept(round));

    private sealed class ClippedMean(NormClipping rule, AggregationRound round) : RunningMean(rule, round)
    {
        protected override double Scale(Tensor change) => 1 / Math.Max(1, GramMatrix.Of([change]).Norm(0) / rule.Bound);

        protected override (Tensor Step, double[] Trust) Conclude()
        {
            var mean = Mean();
            GaussianNoise.AddTo(mean, rule.NoiseDeviation, Round.Seeds);
            return (mean, Shares());
        }
    }
}
