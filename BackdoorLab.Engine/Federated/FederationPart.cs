using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// A method of a federation. It says itself which settings around it make it do something other than its name says:
/// what runs is what was asked for, and the reader is told what that is.
/// </summary>
[MethodFamily]
public abstract record FederationPart : Method
{
    /// <summary>
    /// What will not work as meant though it runs, in sentences; told when a run is written, and beside its numbers.
    /// </summary>
    public virtual IEnumerable<string> Warnings(FederationSetting setting) => [];

    /// <summary>What a finished training showed of this method that its settings alone do not tell.</summary>
    public virtual IEnumerable<string> Observations(FederationHistory history) => [];

    /// <summary>Its pictures of a finished training, beside those that every federation has.</summary>
    public virtual IEnumerable<Figure> Figures(FederationHistory history) => [];
}

/// <summary>A method's surroundings.</summary>
/// <param name="Federation">All parts.</param>
/// <param name="Attack">Trigger, target, share of an attacker's images.</param>
/// <param name="Training">Arithmetic and augmentation; the rest of it is not used.</param>
/// <param name="TracksStatistics">Whether the network keeps running means and variances, which clients send beside
/// their parameters.</param>
public sealed record FederationSetting(
    Federation Federation,
    Attack Attack,
    TrainOptions Training,
    bool TracksStatistics
)
{
    /// <summary>Clients, rounds, local training.</summary>
    public Simulation Simulation => Federation.Simulation;

    /// <summary>Clients of a round, n.</summary>
    public int Clients => Simulation.Participants;

    /// <summary>Most attackers of a round, f.</summary>
    public int Attackers => Math.Min(Simulation.Attackers, Clients);

    /// <summary>"3 of 10 clients of a round may attack".</summary>
    internal string Ratio => FormattableString.Invariant($"{Attackers} of {Clients} clients of a round may attack");
}
