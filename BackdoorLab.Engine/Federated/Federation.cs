using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// A model trained by clients who keep their data: another way to get a classifier. Data set, network, trigger,
/// precisions and defenses are those of any experiment; this says who trains, how, and how a round's updates become the
/// next global model.
/// </summary>
public sealed record Federation
{
    /// <summary>Clients, rounds, local training, how the data is dealt.</summary>
    public Simulation Simulation { get; init; } = new();

    /// <summary>What an honest client does in a round.</summary>
    public ClientProtocol Protocol { get; init; } = new DenseTraining();

    /// <summary>How the server combines updates.</summary>
    public Aggregator Aggregator { get; init; } = new FedAvg();

    /// <summary>What an attacker does besides poisoning its data.</summary>
    public AttackerBehaviour Attacker { get; init; } = new FollowProtocol();

    /// <summary>
    /// "Lockdown (pruning rate 0.02), IID, 1 of 10 attacks", "Krum, Dirichlet 0.5, 4 of 10 attack (FixMask)".
    /// </summary>
    public string Title()
    {
        FederationPart[] parts = [Protocol, Aggregator];
        FederationPart[] named = [.. parts.Except([Usual.Protocol, Usual.Aggregator])];
        var method = named.Length == 0 ? Words(Aggregator) : string.Join(" with ", named.Select(Words));
        var dealt =
            Simulation.Partition == Partition.Iid
                ? "IID"
                : FormattableString.Invariant($"Dirichlet {Simulation.Alpha:0.##}");
        var attackers =
            $"{Simulation.Attackers} of {Simulation.Clients} attack{(Simulation.Attackers == 1 ? "s" : "")}";
        return $"{method}, {dealt}, {attackers}{(Attacker == Usual.Attacker ? "" : $" ({Words(Attacker)})")}";
    }

    /// <summary>A method's name and what differs from its defaults.</summary>
    private static string Words(Method method)
    {
        var catalog = MethodCatalog.Default;
        var changed = string.Join(
            ", ",
            catalog
                .Changed(method)
                .Select(change =>
                    FormattableString.Invariant($"{change.Parameter.Label.ToLowerInvariant()} {change.Value}")
                )
        );
        return changed.Length == 0 ? catalog.For(method).Name : $"{catalog.For(method).Name} ({changed})";
    }

    /// <summary>What contradicts itself, with paths; empty when it can run.</summary>
    public IEnumerable<SpecFault> Faults()
    {
        if (Simulation.Attackers >= Simulation.Clients)
        {
            yield return new(
                "federation.simulation.attackers",
                $"must be below the {Simulation.Clients} clients; found {Simulation.Attackers}."
            );
        }

        if (
            Aggregator.Fault(Simulation.Participants, Math.Min(Simulation.Attackers, Simulation.Participants)) is
            { } aggregation
        )
        {
            yield return new("federation.aggregator", aggregation);
        }

        foreach (var fault in Protocol.Faults(Simulation))
        {
            yield return fault with
            {
                Path = $"federation.protocol.{fault.Path}",
            };
        }

        if (Attacker.Fault(Protocol) is { } attacker)
        {
            yield return new("federation.attacker", attacker);
        }
    }

    /// <summary>What will not work as meant though it runs, in words: what each part says of the others.</summary>
    /// <param name="attack">Trigger, target, rate.</param>
    /// <param name="training">Arithmetic and augmentation.</param>
    /// <param name="tracksStatistics">Whether the network keeps running means and variances.</param>
    public IEnumerable<string> Warnings(Attack attack, TrainOptions training, bool tracksStatistics)
    {
        var setting = new FederationSetting(this, attack, training, tracksStatistics);
        return Parts.SelectMany(part => part.Warnings(setting));
    }

    /// <summary>What a finished training showed that the settings do not tell, in words.</summary>
    public IEnumerable<string> Observations(FederationHistory history) =>
        history
            .Diverged.Select(diverged => DivergedWords(diverged, history))
            .Concat(PoisonWords(history))
            .Concat(Parts.SelectMany(part => part.Observations(history)));

    /// <summary>The same without what distinguishes attackers: what the benign twin depends on.</summary>
    public Federation Honest() => this with { Attacker = Usual.Attacker };

    /// <summary>Images passed through a training step by all clients, for time estimates.</summary>
    /// <param name="trainCount">Images of all clients.</param>
    public double TrainImages(int trainCount) =>
        Simulation.Rounds * Simulation.Participation * trainCount * (Simulation.LocalEpochs + Protocol.ExtraPasses);

    /// <summary>Pictures of a finished training that one of the parts has.</summary>
    internal IEnumerable<Figure> Figures(FederationHistory history) => Parts.SelectMany(part => part.Figures(history));

    // What goes without saying: titles leave it out.
    private static Federation Usual { get; } = new();

    private IEnumerable<FederationPart> Parts => [Simulation, Protocol, Aggregator, Attacker];

    private static string DivergedWords((int Client, int[] Rounds) diverged, FederationHistory history)
    {
        var rounds = history.Rounds.Count(round => round.Clients.Any(client => client.Client == diverged.Client));
        return $"Client {FederationFigures.Name(diverged.Client, history.Attackers)} diverged in {diverged.Rounds.Length} of its {rounds} rounds, first in round {diverged.Rounds[0]}: "
            + "its loss or update was not finite, or longer than float32 holds, and was left out of the aggregate.";
    }

    private static IEnumerable<string> PoisonWords(FederationHistory history)
    {
        int[] idle = [.. history.Poison.Where(attacker => attacker.Poisoned == 0).Select(attacker => attacker.Client)];
        if (idle.Length > 0)
        {
            yield return $"{idle.Length} of {history.Poison.Count} attackers poisoned no image, for the rate makes less than one of those that they may poison: {(idle.Length == 1 ? "client" : "clients")} {string.Join(", ", idle)}.";
        }
    }
}
