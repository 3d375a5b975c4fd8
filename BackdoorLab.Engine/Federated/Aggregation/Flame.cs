using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Statistics;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// FLAME: clients outside the majority cluster of cosine distances are dropped (<see cref="MajorityCluster"/>, HDBSCAN
/// as the paper sets it); the rest is clipped to S, the median length of all updates, and averaged, each client
/// counting the same; noise N(0, (lambda S)^2) is added to every coordinate. Nguyen et al., "FLAME: Taming Backdoors in
/// Federated Learning", USENIX Security 2022, algorithm 1. The paper derives lambda from a privacy budget and takes
/// 0.001 for images; an update without any change has no direction and counts as at right angles to all. Cost: n^2 P
/// multiply-adds; all updates in memory.
/// </summary>
[Method(
    "flame",
    "FLAME",
    Order = 100,
    Summary = "Drops clients outside the majority cluster of update directions, shortens the rest to the median length, averages, and adds a little noise.",
    Paper = "T. D. Nguyen, P. Rieger, H. Chen, H. Yalame, H. Mollering, H. Fereidooni, S. Marchal, M. Miettinen, A. Mirhoseini, S. Zeitouni, F. Koushanfar, A.-R. Sadeghi, T. Schneider: FLAME: Taming Backdoors in Federated Learning. USENIX Security 2022.",
    Deviations = "Cosine distances are those of the clients' changes, which is all a server gets here; the paper takes those of their models. The noise factor is set, not derived from a privacy budget. Running statistics of batch normalisation are no part of it: those of all clients are averaged, unless the simulation says otherwise."
)]
public sealed record Flame : MatrixAggregator
{
    /// <summary>lambda.</summary>
    [Range(0.0, 1.0)]
    [Description(
        "Standard deviation of the noise on every coordinate as a share of the median length of the updates; 0 adds none."
    )]
    public double NoiseFactor { get; init; } = 0.001;

    /// <inheritdoc/>
    public override bool ChoosesClients => true;

    /// <inheritdoc/>
    protected override IEnumerable<string> OwnWarnings(FederationSetting setting) => WithoutMajority(setting);

    /// <inheritdoc/>
    public override (Tensor Step, double[] Trust) Combine(ReceivedUpdates updates)
    {
        var gram = GramMatrix.Of(updates.Rows);
        double[] lengths = [.. Enumerable.Range(0, gram.Count).Select(gram.Norm)];
        var bound = RobustStatistics.Median(lengths);
        var admitted = MajorityCluster.Find(gram.Count, (i, j) => 1 - gram.Cosine(i, j));
        var trust = RobustMeans.Normalised(Array.ConvertAll(admitted, inside => inside ? 1.0 : 0.0));
        double[] factors = [.. trust.Select((share, i) => lengths[i] > bound ? share * bound / lengths[i] : share)];
        var step = RobustMeans.WeightedSum(updates.Rows, factors);
        GaussianNoise.AddTo(step, NoiseFactor * bound, updates.Round.Seeds);
        return (step, trust);
    }
}
