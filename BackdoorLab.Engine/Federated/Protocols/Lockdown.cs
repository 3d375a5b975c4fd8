using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using MathNet.Numerics.Distributions;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// Lockdown: every client trains inside a mask of its own and moves it slowly; parameters that fewer than a quorum of
/// clients keep are zeroed in the end. Huang et al., "Lockdown: Backdoor Defense for Federated Learning with Isolated
/// Subspace Training", NeurIPS 2023, Algorithm 1 and 2. Where paper and released code differ this follows the code:
/// pruned are the smallest alpha_t of the <i>active</i> coordinates (the paper counts all), the update is cut by the
/// <i>new</i> mask, updates are averaged by sample counts, and rounds count from 1 so that the last one prunes nothing.
/// </summary>
[Method(
    "lockdown",
    "Lockdown",
    Order = 2,
    Summary = "Clients train isolated subspaces: each inside its own sparse mask, which it prunes and regrows; in the end parameters without a quorum of masks are zeroed.",
    Paper = "T. Huang, S. Hu, K.-H. Chow, F. Ilhan, S. F. Tekin, L. Liu: Lockdown: Backdoor Defense for Federated Learning with Isolated Subspace Training. NeurIPS 2023.",
    Deviations = "As the released code where it differs from the paper: pruning counts active coordinates, updates are cut by the new mask and weighted by sample counts, the last round prunes nothing, and fusion counts the masks of the round's start (an option). "
        + "Statistics of tracked batch normalisation are averaged and never masked; the released network has none."
)]
public sealed record Lockdown : ClientProtocol
{
    /// <summary>Share of the parameters in a client's mask. The paper's "sparsity s = 0.25" is this density.</summary>
    [Range(0.01, 1.0)]
    [Description("Share of the parameters that a client trains (the paper writes sparsity, its code dense_ratio).")]
    public double Density { get; init; } = 0.25;

    /// <summary>Spread of the first masks.</summary>
    [Description(
        "Erdős-Rényi kernel densities leave small layers dense and large ones sparse; uniform gives every tensor the same."
    )]
    public MaskSpread Spread { get; init; }

    /// <summary>Whether all clients start with the same mask.</summary>
    [Description(
        "All clients start with one mask; otherwise each draws its own (heterogeneous masks), which needs a larger pruning rate before the quorum is met."
    )]
    public bool SameMask { get; init; } = true;

    /// <summary>First pruning rate alpha_0, annealed to zero along a cosine.</summary>
    [Range(0.0, 0.9)]
    [Description(
        "Share of the active coordinates pruned and regrown in the first round; falls to zero along a cosine. Rate x rounds / 2 should reach 0.02, better 0.1 to 0.2."
    )]
    public double PruningRate { get; init; } = 1e-2;

    /// <summary>Which coordinates come back.</summary>
    [Description("Coordinates with the largest gradient come back, or random ones (ablation).")]
    public MaskRecovery Recovery { get; init; }

    /// <summary>Masks that a parameter needs to be kept: theta.</summary>
    [Range(0, 1000)]
    [Description(
        "Clients whose mask must hold a parameter for it to be kept in the end; 0 keeps all (no fusion). Half of the clients is usual; not above the attackers, it protects nothing."
    )]
    public int Quorum { get; init; } = 5;

    /// <summary>Which masks count.</summary>
    [Description("Masks that clients trained the last round with (released code), or that they ended it with (paper).")]
    public FusionMasks FusionMasks { get; init; }

    /// <inheritdoc/>
    public override int ExtraPasses => Recovery == MaskRecovery.Gradient ? 1 : 0;

    /// <inheritdoc/>
    public override bool KeepsMasks => true;

    /// <inheritdoc/>
    public override int FusionQuorum => Quorum;

    /// <inheritdoc/>
    public override bool CountsMasksAtOnce => FusionMasks == FusionMasks.StartOfRound;

    /// <inheritdoc/>
    public override IEnumerable<SpecFault> Faults(Simulation simulation)
    {
        if (Quorum > simulation.Clients)
        {
            yield return new(
                "quorum",
                $"must not be above the {simulation.Clients} clients; found {Quorum}. Half of them is usual."
            );
        }
    }

    /// <inheritdoc/>
    public override IEnumerable<string> Warnings(FederationSetting setting)
    {
        var simulation = setting.Simulation;
        if (Quorum == 0)
        {
            yield return "A quorum of 0 keeps every parameter: there is no consensus fusion, and the model is deployed as it is before it, which is where the backdoor still works.";
        }
        else if (Quorum <= simulation.Attackers)
        {
            yield return $"A quorum of {Quorum} is not above the {simulation.Attackers} attackers: they alone can keep a parameter, and fusion protects nothing.";
        }

        // The rates of all rounds but the last, which is 0, sum to alpha_0 (T - 1) / 2.
        var swapped = PruningRate * (simulation.Rounds - 1) / 2;
        if (swapped < 0.02)
        {
            yield return FormattableString.Invariant(
                $"Masks hardly move: a pruning rate of {PruningRate:g3} over {simulation.Rounds} rounds swaps {100 * swapped:0.0} % of the active coordinates; at least 2 % is needed for an effect, better 10 to 20 %."
            );
        }

        if (Density == 1)
        {
            yield return "At a density of 1 every client trains every parameter: nothing is isolated.";
        }
        else if (!SameMask && Quorum > 0 && Reaching(simulation.Clients) is var kept && kept < Density)
        {
            yield return FormattableString.Invariant(
                $"Masks that start apart rarely agree: at density {Density:g3} a coordinate of a sparse layer has the quorum of {Quorum} of {simulation.Clients} clients in {100 * kept:0.0} % of the cases, and fusion zeroes the rest unless the masks grow together. Take a lower quorum, a larger pruning rate, or one mask for all."
            );
        }

        if (simulation.Participants < simulation.Clients)
        {
            yield return $"Fusion counts the masks of all {simulation.Clients} clients, also of those that did not take part in the round, as the released code does.";
        }

        if (!setting.Federation.Aggregator.IsSampleMean)
        {
            yield return "Lockdown is published with averaging by sample counts; other aggregators see updates that are zero outside each client's mask.";
        }
    }

    /// <inheritdoc/>
    public override IEnumerable<string> Observations(FederationHistory history)
    {
        if (Density < 1 && history.Masks is { } masks && masks.Densities.All(density => density > 0.999))
        {
            yield return FormattableString.Invariant(
                $"No layer of this network is sparse at density {Density:g3}, so nothing is isolated: spread the masks uniformly, lower the density or take a wider network."
            );
        }
    }

    /// <inheritdoc/>
    public override IEnumerable<Figure> Figures(FederationHistory history) => MaskFigures.Of(history, Quorum);

    /// <inheritdoc/>
    public override ProtocolSession Begin(FederationContext context) => new LockdownSession(this, context);

    /// <summary>alpha_t of round <paramref name="round"/>, counted from 1.</summary>
    internal double RateAt(int round, int rounds) => PruningRate / 2 * (1 + Math.Cos(Math.PI * round / rounds));

    // Share of coordinates that enough of independently drawn masks hold.
    private double Reaching(int clients) => 1 - Binomial.CDF(Density, clients, Quorum - 1);
}
