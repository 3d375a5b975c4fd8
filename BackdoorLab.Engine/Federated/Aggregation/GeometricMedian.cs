using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// RFA, the geometric median: the vector v that minimises sum of n_i |v - u_i|, by a few steps of the smoothed
/// Weiszfeld algorithm from the weighted mean. Pillutla, Kakade, Harchaoui, "Robust Aggregation for Federated
/// Learning", IEEE Transactions on Signal Processing 2022; constants of the released code (4 steps, nu 1e-5, relative
/// change 1e-6). The paper computes each step by secure averaging over the clients; here the server holds the updates
/// and all steps work on their pairwise distances. Cost: n^2 P multiply-adds; all updates in memory.
/// </summary>
[Method(
    "rfa",
    "RFA (geometric median)",
    Order = 60,
    Summary = "Takes the point whose summed distance to all updates is smallest; an update's pull does not grow with its distance.",
    Paper = "K. Pillutla, S. M. Kakade, Z. Harchaoui: Robust Aggregation for Federated Learning. IEEE Transactions on Signal Processing, 2022.",
    Deviations = "The server sees the updates; the paper hides them by secure averaging, which does not change the result. Running statistics of batch normalisation are no part of it: those of all clients are averaged, unless the simulation says otherwise."
)]
public sealed record GeometricMedian : MatrixAggregator
{
    /// <summary>Steps of the Weiszfeld algorithm.</summary>
    [Range(1, 1000)]
    [Description("At most so many steps from the weighted mean towards the geometric median.")]
    public int Iterations { get; init; } = 4;

    /// <summary>nu.</summary>
    [Range(1e-12, 1.0)]
    [Description("Updates nearer to the estimate than this count as this near, so that no weight becomes infinite.")]
    public double Smoothing { get; init; } = 1e-5;

    /// <summary>Relative change of the objective that ends the steps.</summary>
    [Range(0.0, 0.1)]
    [Description("The steps end when the summed distance changes by less than this share.")]
    public double Tolerance { get; init; } = 1e-6;

    /// <inheritdoc/>
    public override bool ChoosesClients => true;

    /// <inheritdoc/>
    protected override IEnumerable<string> OwnWarnings(FederationSetting setting) => WithoutMajority(setting);

    /// <inheritdoc/>
    public override (Tensor Step, double[] Trust) Combine(ReceivedUpdates updates)
    {
        var weights = RobustMeans.GeometricMedianWeights(
            updates.Rows,
            updates.Weights,
            Iterations,
            Smoothing,
            Tolerance
        );
        return (RobustMeans.WeightedSum(updates.Rows, weights), weights);
    }
}
