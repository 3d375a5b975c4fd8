using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Federated;

/// <summary>How training images are dealt to clients.</summary>
public enum Partition
{
    /// <summary>Every client has the same share of every class.</summary>
    Iid,

    /// <summary>Each class is dealt by proportions drawn from a symmetric Dirichlet distribution.</summary>
    Dirichlet,
}

/// <summary>What IID dealing does with images that do not divide among the clients.</summary>
public enum IidRule
{
    /// <summary>They are dealt round robin: every image is used, and clients differ by one image at most.</summary>
    RoundRobin,

    /// <summary>
    /// As the released Lockdown code: classes are cut into slices, of which some may belong to nobody.
    /// </summary>
    Released,
}

/// <summary>Whose running means and variances the global model has, where the network tracks them.</summary>
public enum StatisticsSource
{
    /// <summary>All clients' by their images, attackers' included, whatever the aggregation rule.</summary>
    AllClients,

    /// <summary>Those of the clients whose updates the rule kept, by their weight in it.</summary>
    TrustedClients,

    /// <summary>Computed anew after each round from clean images that the server is given.</summary>
    ReEstimated,
}

/// <summary>
/// The federated simulation of Huang et al., "Lockdown", NeurIPS 2023: plain SGD without momentum, whole batches only,
/// the same rate in every step of a round. Defaults are those of the released code where a small run allows it (it has
/// 40 clients, 4 attackers, 200 rounds, batches of 64); it deals by <see cref="IidRule.Released"/>.
/// </summary>
[Method(
    "simulation",
    "Federated simulation",
    Summary = "Clients train a shared network in rounds on data of their own; the first ones are attackers."
)]
public sealed record Simulation : FederationPart
{
    /// <summary>Clients.</summary>
    [Range(2, 1000)]
    [Description("Clients that share the training images.")]
    public int Clients { get; init; } = 10;

    /// <summary>Attackers among them.</summary>
    [Range(0, 500)]
    [Description(
        "Clients that poison their data; each poisons the attack's poison rate of its images of other classes than the target."
    )]
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
    [Description(
        "Images per step of a client; a last batch that is not full is left out. Every client gets at least one batch of images."
    )]
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

    /// <summary>What IID dealing does with the remainder.</summary>
    [Description(
        "Round robin deals every image. Released is the rule of the released Lockdown code, which cuts classes into slices of which some may belong to nobody: with 43 classes and 40 clients nearly half of the images. Used with IID only."
    )]
    public IidRule IidRule { get; init; }

    /// <summary>Concentration of the Dirichlet distribution.</summary>
    [Range(0.01, 100.0)]
    [Description(
        "Concentration of the Dirichlet distribution: the smaller, the more one-sided the clients; used with Dirichlet only."
    )]
    public double Alpha { get; init; } = 0.5;

    /// <summary>Whose statistics of batch normalisation the global model has.</summary>
    [OmittedAtDefault]
    [Description(
        "Running means and variances of networks that track them: averaged over all clients, attackers included, whatever the rule (as usual); averaged over the clients that the rule trusts; or computed anew after each round from up to 1,000 clean training images that the server is given."
    )]
    public StatisticsSource Statistics { get; init; }

    /// <summary>Clients that take part in a round.</summary>
    public int Participants => Math.Max(1, (int)Math.Floor(Clients * Participation + 1e-9));

    /// <inheritdoc/>
    public override IEnumerable<string> Warnings(FederationSetting setting)
    {
        var usual = new Simulation();
        if (Partition == Partition.Iid && Alpha != usual.Alpha)
        {
            yield return FormattableString.Invariant(
                $"The Dirichlet concentration {Alpha:g3} is not used: the images are dealt IID."
            );
        }

        if (Partition == Partition.Dirichlet && IidRule != usual.IidRule)
        {
            yield return "The released rule for IID dealing is not used: the images are dealt by Dirichlet draws.";
        }

        if (Statistics != usual.Statistics && !setting.TracksStatistics)
        {
            yield return "The network tracks no statistics of batch normalisation: where they come from makes no difference.";
        }

        string[] idle =
        [
            .. MethodCatalog
                .Default.Changed(setting.Training)
                .Select(change => change.Parameter)
                .Where(parameter =>
                    parameter.Property.Name
                        is not (
                            nameof(TrainOptions.Precision)
                            or nameof(TrainOptions.CropPadding)
                            or nameof(TrainOptions.Flip)
                        )
                )
                .Select(parameter => parameter.Label.ToLowerInvariant()),
        ];
        if (idle.Length > 0)
        {
            yield return $"Not used by clients, who train by the federation's own settings: {string.Join(", ", idle)} of the usual training.";
        }
    }

    /// <inheritdoc/>
    public override IEnumerable<string> Observations(FederationHistory history)
    {
        if (history.Dealt is not { } dealt)
        {
            yield break;
        }

        if (dealt.Used < dealt.Available)
        {
            yield return FormattableString.Invariant(
                $"The clients hold {dealt.Used:N0} of the {dealt.Available:N0} training images: the released rule for IID dealing leaves the others to nobody (round robin deals all)."
            );
        }

        if (dealt.Draws > 1)
        {
            yield return FormattableString.Invariant(
                $"The images were dealt by draw {dealt.Draws:N0} of Dirichlet({Alpha:g3}): in those before it a client had fewer than {ClientShards.Smallest(this)} images."
            );
        }

        if (dealt.PerPass < 0.8 * dealt.Used)
        {
            yield return FormattableString.Invariant(
                $"A pass over the clients' images uses {dealt.PerPass:N0} of {dealt.Used:N0}, others each time: a batch that is not full with {BatchSize} images is left out."
            );
        }
    }
}
