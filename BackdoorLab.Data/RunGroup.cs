namespace BackdoorLab.Data;

/// <summary>What makes a group of runs.</summary>
public enum RunGrouping
{
    /// <summary>The spec without name and seed: the runs of a group are repeats.</summary>
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

    /// <summary>Different seeds among those that succeeded.</summary>
    public required int Seeds { get; init; }

    /// <summary>Of the undefended backdoored model, over repeats.</summary>
    public required Spread CleanAccuracy { get; init; }

    /// <summary>Of the undefended backdoored model, over repeats.</summary>
    public required Spread AttackSuccessRate { get; init; }
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
