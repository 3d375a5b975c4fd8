using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// Federated averaging: sum of n_i u_i / sum of n_i, for the u_i of the clients that take part. McMahan, Moore, Ramage,
/// Hampson, Aguera y Arcas, "Communication-Efficient Learning of Deep Networks from Decentralized Data", AISTATS 2017,
/// algorithm 1. No protection: one client moves the mean by as much as it likes. Cost: one pass over each update, one
/// vector of memory.
/// </summary>
[Method(
    "fed-avg",
    "FedAvg",
    Order = 1,
    Summary = "Averages the clients' updates by their number of samples. The undefended baseline: one client can move the mean anywhere.",
    Paper = "B. McMahan, E. Moore, D. Ramage, S. Hampson, B. Aguera y Arcas: Communication-Efficient Learning of Deep Networks from Decentralized Data. AISTATS 2017."
)]
public sealed record FedAvg : Aggregator
{
    /// <inheritdoc/>
    public override bool IsSampleMean => true;

    /// <inheritdoc/>
    public override Aggregation Begin(AggregationRound round) => new RunningMean(this, Accept(round));
}
