using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// Multi-Krum: the plain mean of the m updates with the lowest Krum scores, computed once over all n. Blanchard, El
/// Mhamdi, Guerraoui, Stainer, "Machine Learning with Adversaries: Byzantine Tolerant Gradient Descent", NeurIPS 2017.
/// The default m is n - f, as many as are honest if the assumption holds. Cost as <see cref="Krum"/>.
/// </summary>
[Method(
    "multi-krum",
    "Multi-Krum",
    Order = 50,
    Summary = "Averages the updates that lie closest to their nearest neighbours, as many as there should be honest clients.",
    Paper = "P. Blanchard, E. M. El Mhamdi, R. Guerraoui, J. Stainer: Machine Learning with Adversaries: Byzantine Tolerant Gradient Descent. NeurIPS 2017.",
    Deviations = "Running statistics of batch normalisation are no part of it: those of all clients are averaged, unless the simulation says otherwise."
)]
public sealed record MultiKrum : KrumRule
{
    /// <summary>m.</summary>
    [Range(0, 100_000)]
    [Description("How many updates are averaged; 0 takes all clients but the assumed attackers.")]
    public int Selected { get; init; }

    /// <inheritdoc/>
    public override string? Fault(int clients, int attackers) =>
        base.Fault(clients, attackers)
        ?? (
            Selected <= clients
                ? null
                : FormattableString.Invariant(
                    $"Multi-Krum cannot average {Selected} of {clients} clients: lower selected to at most {clients} (0 takes all but the assumed attackers)."
                )
        );

    /// <inheritdoc/>
    protected override IEnumerable<string> OwnWarnings(FederationSetting setting)
    {
        foreach (var warning in base.OwnWarnings(setting))
        {
            yield return warning;
        }

        if (Selected > setting.Clients - setting.Attackers)
        {
            yield return $"Multi-Krum averages {Selected} updates, more than there are honest ones where {setting.Ratio}: attackers are among them.";
        }
    }

    private protected override int Count(int clients, int attackers) => Selected == 0 ? clients - attackers : Selected;
}
