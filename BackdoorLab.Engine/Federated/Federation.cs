using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// A model trained by clients who keep their data: another way to get a classifier. Data set, network, trigger, precisions and defenses
/// are those of any experiment; this says who trains, how, and how a round's updates become the next global model.
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

    /// <summary>"Lockdown (pruning rate 0.02), IID, 1 of 10 attacks", "Krum, Dirichlet 0.5, 4 of 10 attack (FixMask)".</summary>
    public string Title()
    {
        var method = Protocol is DenseTraining ? Words(Aggregator)
            : Aggregator is FedAvg ? Words(Protocol)
            : $"{Words(Protocol)} with {Words(Aggregator)}";
        var dealt = Simulation.Partition == Partition.Iid ? "IID" : FormattableString.Invariant($"Dirichlet {Simulation.Alpha:0.##}");
        var attackers = $"{Simulation.Attackers} of {Simulation.Clients} attack{(Simulation.Attackers == 1 ? "s" : "")}";
        return $"{method}, {dealt}, {attackers}{(Attacker is FollowProtocol ? "" : $" ({Words(Attacker)})")}";
    }

    /// <summary>A method's name and what differs from its defaults.</summary>
    private static string Words(Method method)
    {
        var catalog = MethodCatalog.Default;
        var changed = string.Join(", ", catalog.Changed(method).Select(change => FormattableString.Invariant($"{change.Parameter.Label.ToLowerInvariant()} {change.Value}")));
        return changed.Length == 0 ? catalog.For(method).Name : $"{catalog.For(method).Name} ({changed})";
    }

    /// <summary>What contradicts itself, with paths; empty when it can run.</summary>
    public IEnumerable<SpecFault> Faults()
    {
        if (Simulation.Attackers >= Simulation.Clients)
        {
            yield return new("federation.simulation.attackers", $"must be below the {Simulation.Clients} clients; found {Simulation.Attackers}.");
        }

        if (Aggregator.Fault(Simulation.Participants, Math.Min(Simulation.Attackers, Simulation.Participants)) is { } aggregation)
        {
            yield return new("federation.aggregator", aggregation);
        }

        if (Protocol.Fault(Simulation) is { } protocol)
        {
            yield return new("federation.protocol.quorum", protocol);
        }

        if (Attacker.Fault(Protocol) is { } attacker)
        {
            yield return new("federation.attacker", attacker);
        }
    }

    /// <summary>What will not work as meant though it runs, in words.</summary>
    public IEnumerable<string> Warnings()
    {
        foreach (var warning in Protocol.Warnings(Simulation))
        {
            yield return warning;
        }

        if (Attacker.SplitsTrigger && Simulation.Attackers < 4)
        {
            yield return $"DBA shares the trigger among four attackers; with {Simulation.Attackers} some parts are never trained.";
        }

        if (Aggregator is not FedAvg && Protocol is Lockdown)
        {
            yield return "Lockdown is published with averaging by sample counts; other aggregators see updates that are zero outside each client's mask.";
        }
    }

    /// <summary>The same without what distinguishes attackers: what the benign twin depends on.</summary>
    public Federation Honest() => this with { Attacker = new FollowProtocol() };

    /// <summary>Images passed through a training step by all clients, for time estimates.</summary>
    /// <param name="trainCount">Images of all clients.</param>
    public double TrainImages(int trainCount) =>
        Simulation.Rounds * Simulation.Participation * trainCount * (Simulation.LocalEpochs + Protocol.ExtraPasses);
}
