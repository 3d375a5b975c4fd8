using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Federated;

/// <summary>How training images are dealt to clients.</summary>
public enum Partition
{
    /// <summary>Every client has the same share of every class.</summary>
    Iid,

    /// <summary>Each class is dealt by proportions drawn from a symmetric Dirichlet distribution.</summary>
    Dirichlet,
}

/// <summary>
/// The federated simulation of Huang et al., "Lockdown", NeurIPS 2023: plain SGD without momentum, whole batches only, the same rate in
/// every step of a round. Defaults are those of the released code where a small run allows it (it has 40 clients, 4 attackers, 200 rounds,
/// batches of 64).
/// </summary>
[Method("simulation", "Federated simulation", Summary = "Clients train a shared network in rounds on data of their own; the first ones are attackers.")]
public sealed record Simulation : Method
{
    /// <summary>Clients.</summary>
    [Range(2, 1000)]
    [Description("Clients that share the training images.")]
    public int Clients { get; init; } = 10;

    /// <summary>Attackers among them.</summary>
    [Range(0, 500)]
    [Description("Clients that poison their data; each poisons the attack's poison rate of its images of other classes than the target.")]
    public int Attackers { get; init; } = 1;

    /// <summary>Share of the clients that take part in a round.</summary>
    [Range(0.01, 1.0)]
    [Description("Share of the clients drawn for each round; attackers take part when they are drawn.")]
    public double Participation { get; init; } = 1;

    /// <summary>Rounds.</summary>
    [Range(1, 10_000)]
    [Description("Rounds of local training and aggregation.")]
    public int Rounds { get; init; } = 40;

    /// <summary>Passes of a client over its data in a round.</summary>
    [Range(1, 100)]
    [Description("Passes of a client over its own images in a round.")]
    public int LocalEpochs { get; init; } = 2;

    /// <summary>Images per step.</summary>
    [Range(1, 4096)]
    [Description("Images per step of a client; a last batch that is not full is left out.")]
    public int BatchSize { get; init; } = 32;

    /// <summary>Learning rate of clients in the first round.</summary>
    [Range(1e-6, 10.0)]
    [Description("Learning rate of the clients' SGD (no momentum).")]
    public double LearningRate { get; init; } = 0.1;

    /// <summary>Factor of the rate from round to round.</summary>
    [Range(0.5, 1.0)]
    [Description("The learning rate is multiplied by this after every round.")]
    public double LearningRateDecay { get; init; } = 1;

    /// <summary>L2 penalty.</summary>
    [Range(0.0, 1.0)]
    [Description("L2 penalty added to the gradient.")]
    public double WeightDecay { get; init; } = 1e-4;

    /// <summary>Factor of the aggregated step.</summary>
    [Range(1e-6, 10.0)]
    [Description("The aggregated step is multiplied by this; 1 for averages, far less for sign aggregation.")]
    public double ServerLearningRate { get; init; } = 1;

    /// <summary>How images are dealt.</summary>
    [Description("IID gives every client the same share of every class; Dirichlet draws proportions for each class.")]
    public Partition Partition { get; init; }

    /// <summary>Concentration of the Dirichlet distribution.</summary>
    [Range(0.01, 100.0)]
    [Description("Concentration of the Dirichlet distribution: the smaller, the more one-sided the clients; used with Dirichlet only.")]
    public double Alpha { get; init; } = 0.5;

    /// <summary>Clients that take part in a round.</summary>
    public int Participants => Math.Max(1, (int)Math.Floor(Clients * Participation + 1e-9));
}
