using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>Rules that average the updates with the lowest Krum scores, each client counting the same.</summary>
public abstract record KrumRule : MatrixAggregator
{
    /// <inheritdoc/>
    public override string? Fault(int clients, int attackers) =>
        clients - attackers - 2 > 0
            ? null
            : FormattableString.Invariant(
                $"Krum scores a client by its {clients} - {attackers} - 2 nearest others, which are none: assume at most {Math.Max(0, clients - 3)} attackers or let at least {attackers + 3} clients take part."
            );

    /// <inheritdoc/>
    public sealed override bool ChoosesClients => true;

    /// <inheritdoc/>
    protected override IEnumerable<string> OwnWarnings(FederationSetting setting)
    {
        if (setting.Attackers > 0 && setting.Clients < 2 * setting.Attackers + 3)
        {
            yield return $"{Name} is proven for at least twice the attackers and three clients more: {setting.Ratio}, and nothing is promised.";
        }
    }

    /// <inheritdoc/>
    public sealed override (Tensor Step, double[] Trust) Combine(ReceivedUpdates updates)
    {
        var scores = RobustMeans.KrumScores(updates.Rows, updates.Attackers);
        var chosen = RobustMeans.Lowest(scores, Count(updates.Clients.Count, updates.Attackers));
        var weights = new double[scores.Length];
        foreach (var row in chosen)
        {
            weights[row] = 1.0 / chosen.Length;
        }

        return (RobustMeans.WeightedSum(updates.Rows, weights), weights);
    }

    /// <summary>How many updates are averaged, m.</summary>
    private protected abstract int Count(int clients, int attackers);
}
