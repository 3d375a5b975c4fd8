using BackdoorLab.Data.Entities;
using BackdoorLab.Data.Runs;

namespace BackdoorLab.Data.Queries;

/// <summary>What makes a group of runs.</summary>
public enum RunGrouping
{
    /// <summary>
    /// The spec without name and seed: the runs of a group are repeats, unless data or machine differ.
    /// </summary>
    Configuration,

    /// <summary>Data set.</summary>
    Dataset,

    /// <summary>Network.</summary>
    Model,

    /// <summary>Attack.</summary>
    Attack,

    /// <summary>Poison rate.</summary>
    PoisonRate,

    /// <summary>Seed.</summary>
    Seed,

    /// <summary>State.</summary>
    State,

    /// <summary>Who submitted it.</summary>
    Owner,

    /// <summary>Study.</summary>
    Study,

    /// <summary>Tag.</summary>
    Tag,
}

/// <summary>Runs read together.</summary>
public sealed record RunGroup
{
    /// <summary>The value they share; empty where they have none.</summary>
    public required string Key { get; init; }

    /// <summary>One of them, which says what a configuration is.</summary>
    public required RunItem Example { get; init; }

    /// <summary>How many, whatever their state.</summary>
    public required int Runs { get; init; }

    /// <summary>How many have succeeded.</summary>
    public required int Finished { get; init; }

    /// <summary>How many have failed.</summary>
    public required int Failed { get; init; }

    /// <summary>When the newest was written, UTC.</summary>
    public required DateTime Newest { get; init; }

    /// <summary>Wall time of all.</summary>
    public required double Seconds { get; init; }

    /// <summary>Different seeds of a condition that were measured.</summary>
    public required int Seeds { get; init; }

    /// <summary>Measured runs that are in no figure, because their model is no victim.</summary>
    public required int Damaged { get; init; }

    /// <summary>Different conditions among measured runs.</summary>
    public required int Conditions { get; init; }

    /// <summary>Some of the conditions, as JSON.</summary>
    public required IReadOnlyList<string> ConditionTexts { get; init; }

    /// <summary>Of the undefended backdoored model.</summary>
    public required GroupFigure CleanAccuracy { get; init; }

    /// <summary>Of the undefended backdoored model.</summary>
    public required GroupFigure AttackSuccessRate { get; init; }
}

/// <summary>A number of the runs of a group.</summary>
/// <param name="All">
/// Over seeds; a mean only where <paramref name="Conditions"/> is 1. Null when no run has the number.
/// </param>
/// <param name="Conditions">Different conditions among the runs that have the number.</param>
/// <param name="Minimum">Smallest value of a run.</param>
/// <param name="Maximum">Largest value of a run.</param>
public sealed record GroupFigure(SeedStat? All, int Conditions, double Minimum, double Maximum)
{
    /// <summary>The mean over seeds, or null where there is none because the runs are of several conditions.</summary>
    public SeedStat? Stat => Conditions == 1 ? All : null;
}

/// <summary>A page of groups.</summary>
/// <param name="Items">Groups, that with the newest run first.</param>
/// <param name="Total">How many there are on all pages.</param>
/// <param name="Page">From 0.</param>
/// <param name="Size">Groups on a page.</param>
public sealed record RunGroupPage(IReadOnlyList<RunGroup> Items, int Total, int Page, int Size);

/// <summary>A tag in use.</summary>
/// <param name="Tag">Tag.</param>
/// <param name="Runs">Runs outside the trash that bear it.</param>
public sealed record TagCount(string Tag, int Runs);
