using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// Coordinate-wise trimmed mean: of u_1[j], ..., u_n[j] the share beta of the smallest and of the largest values is
/// left out, the rest averaged; sample counts do not matter. Yin, Chen, Ramchandran, Bartlett, "Byzantine-Robust
/// Distributed Learning: Towards Optimal Statistical Rates", ICML 2018, definition 2. beta n is rounded up, so that any
/// share above 0 takes at least one value from each end: the rule is meant to outlast beta n attackers, and rounding
/// down would let one in. Cost: one sort a coordinate; all updates in memory.
/// </summary>
[Method(
    "trimmed-mean",
    "Trimmed mean",
    Order = 30,
    Summary = "For each parameter by itself, leaves out a share of the smallest and of the largest values and averages the rest.",
    Paper = "D. Yin, Y. Chen, K. Ramchandran, P. Bartlett: Byzantine-Robust Distributed Learning: Towards Optimal Statistical Rates. ICML 2018.",
    Deviations = "The paper assumes that share times clients is a whole number; here it is rounded up. Running statistics of batch normalisation are no part of it: those of all clients are averaged, unless the simulation says otherwise."
)]
public sealed record TrimmedMean : MatrixAggregator
{
    /// <summary>beta.</summary>
    [Range(0.0, 0.499)]
    [Description("Share of the values left out at each end, rounded up to whole clients; 0 averages all.")]
    public double TrimShare { get; init; } = 0.1;

    /// <summary>Values left out at each end among so many clients.</summary>
    public int Trim(int clients)
    {
        const double rounding = 1e-9;
        return (int)Math.Ceiling((TrimShare * clients) - rounding);
    }

    /// <inheritdoc/>
    public override string? Fault(int clients, int attackers) =>
        2 * Trim(clients) < clients
            ? null
            : FormattableString.Invariant(
                $"Leaving out {Trim(clients)} at each end of {clients} clients leaves none to average: lower trimShare or let more clients take part."
            );

    /// <inheritdoc/>
    protected override IEnumerable<string> OwnWarnings(FederationSetting setting)
    {
        var trim = Trim(setting.Clients);
        if (trim == 0)
        {
            yield return "A trimmed mean that leaves out none is a plain mean: one client moves it anywhere.";
        }
        else if (trim < setting.Attackers)
        {
            yield return $"The trimmed mean leaves out {trim} {(trim == 1 ? "value" : "values")} at each end, and {setting.Ratio}: the others are averaged in. Trim at least as many.";
        }
    }

    /// <inheritdoc/>
    public override (Tensor Step, double[] Trust) Combine(ReceivedUpdates updates) =>
        (RobustMeans.TrimmedMean(updates.Rows, Trim(updates.Clients.Count)), []);
}
