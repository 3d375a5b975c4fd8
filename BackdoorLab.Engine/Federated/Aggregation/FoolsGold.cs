using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// FoolsGold: clients whose summed updates of all rounds point the same way are taken for sybils and lose their weight;
/// the step is the mean of the updates by weight. Fung, Yoon, Beschastnikh, "The Limitations of Federated Learning in
/// Sybil Settings", RAID 2020, algorithm 1; the weights are <see cref="SybilSimilarity"/>'s. Blind to a lone attacker,
/// and harsh on honest clients with equally distributed data, who look alike too. Sample counts do not matter. Cost:
/// n^2 P multiply-adds; all updates of a round and one history for every client ever seen in memory.
/// </summary>
[Method(
    "fools-gold",
    "FoolsGold",
    Order = 90,
    Summary = "Takes away the weight of clients whose updates, summed over all rounds, are too similar to each other: sybils of one attacker.",
    Paper = "C. Fung, C. J. M. Yoon, I. Beschastnikh: The Limitations of Federated Learning in Sybil Settings. RAID 2020.",
    Deviations = "Similarity is over all parameters equally, not over those that matter most in the output layer. The weighted updates are divided by the sum of weights, so that the step keeps its length; the paper adds them up. Running statistics of batch normalisation are no part of it: those of all clients are averaged, unless the simulation says otherwise."
)]
public sealed record FoolsGold : MatrixAggregator
{
    private static readonly Scalar One = 1.0;

    /// <summary>kappa.</summary>
    [Range(0.1, 100.0)]
    [Description(
        "Slope of the logit that turns dissimilarity into weight; larger ones give more clients full weight or none."
    )]
    public double Confidence { get; init; } = 1;

    /// <summary>
    /// Name of a client's history in <see cref="AggregatorMemory"/>: the sum of its updates, float32 [P].
    /// </summary>
    public static string HistoryName(int client) => FormattableString.Invariant($"fools-gold.history.{client}");

    /// <inheritdoc/>
    public override bool ChoosesClients => true;

    /// <inheritdoc/>
    protected override IEnumerable<string> OwnWarnings(FederationSetting setting)
    {
        if (setting.Simulation.Attackers == 1)
        {
            yield return "FoolsGold looks for attackers that resemble each other and is blind to a lone one, as here.";
        }

        if (setting.Simulation.Partition == Partition.Iid)
        {
            yield return "FoolsGold takes clients with like updates for sybils: with IID data honest clients are alike too and lose weight.";
        }
    }

    /// <inheritdoc/>
    public override (Tensor Step, double[] Trust) Combine(ReceivedUpdates updates)
    {
        var (rows, round) = (updates.Rows, updates.Round);
        Tensor[] histories =
        [
            .. updates.Clients.Select(client => round.Memory.GetOrAdd(HistoryName(client), round.Parameters)),
        ];
        for (var row = 0; row < histories.Length; row++)
        {
            histories[row].add_(rows.select(0, row), One);
        }

        var weights = RobustMeans.Normalised(SybilSimilarity.Weights(GramMatrix.Of(histories), Confidence));
        return (RobustMeans.WeightedSum(rows, weights), weights);
    }
}
