using System.ComponentModel;
using BackdoorLab.Engine.Core;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// Coordinate-wise median: coordinate j of the step is the median of u_1[j], ..., u_n[j]; sample counts do not matter.
/// Yin, Chen, Ramchandran, Bartlett, "Byzantine-Robust Distributed Learning: Towards Optimal Statistical Rates", ICML
/// 2018, definition 1. For an even number of clients the lower of the two middle values is taken, as the released
/// Lockdown code does (and torch.median); the paper's is the mean of both. The lower one shifts every coordinate a
/// little downwards. Cost: one sort a coordinate; all updates in memory.
/// </summary>
[Method(
    "median",
    "Coordinate-wise median",
    Order = 20,
    Summary = "Takes the median of the clients' values for each parameter by itself; less than half of the clients cannot move it far.",
    Paper = "D. Yin, Y. Chen, K. Ramchandran, P. Bartlett: Byzantine-Robust Distributed Learning: Towards Optimal Statistical Rates. ICML 2018.",
    Deviations = "For an even number of clients the default is the lower of the two middle values, as in the released Lockdown code; the paper averages both (averageMiddle). Running statistics of batch normalisation are no part of it: those of all clients are averaged, unless the simulation says otherwise."
)]
public sealed record CoordinateMedian : MatrixAggregator
{
    /// <summary>The usual median for an even number of clients.</summary>
    [Description(
        "For an even number of clients: average the two middle values (the usual median) instead of taking the lower one."
    )]
    public bool AverageMiddle { get; init; }

    /// <inheritdoc/>
    protected override IEnumerable<string> OwnWarnings(FederationSetting setting) => WithoutMajority(setting);

    /// <inheritdoc/>
    public override (Tensor Step, double[] Trust) Combine(ReceivedUpdates updates) =>
        (RobustMeans.Median(updates.Rows, AverageMiddle), []);
}
